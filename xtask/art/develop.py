"""Develops rendered light into pictures: denoise, expose, film tone, grain, JPEG or MP4.

    develop.py photo IN.exr OUT.jpg [--expose STOPS] [--warm W]
    develop.py clip  FRAMES_DIR OUT.mp4 [--expose STOPS] [--warm W] [--rate FPS]

Needs the packages of requirements.txt, and ffmpeg for clips.
"""

import argparse
import io
import subprocess
from pathlib import Path

import numpy as np
import OpenEXR
import pyoidn
from PIL import Image

MOST_BYTES = 345_000


def read(path):
    """The picture and the denoiser's two guides, as float32 (h, w, 3)."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = file.channels()

        def pass_of(name, letters):
            found = {key.rsplit(".", 1)[-1]: key for key in channels if f".{name}." in f".{key}"}
            return np.ascontiguousarray(np.stack([channels[found[c]].pixels.astype(np.float32) for c in letters], axis=-1))

        return pass_of("Combined", "RGB"), pass_of("Denoising Albedo", "RGB"), pass_of("Denoising Normal", "XYZ")


class Denoiser:
    """Open Image Denoise on the CPU, with its guides cleaned first."""

    def __init__(self):
        self.device = pyoidn.Device(pyoidn.OIDN_DEVICE_TYPE_CPU)
        self.device.commit()

    def _run(self, images, out, **options):
        f = pyoidn.Filter(self.device, "RT")
        for name, image in images.items():
            f.set_image(name, image, pyoidn.OIDN_FORMAT_FLOAT3)
        f.set_image("output", out, pyoidn.OIDN_FORMAT_FLOAT3)
        for key, value in options.items():
            f.set_bool(key, value)
        f.commit()
        f.execute()
        return out

    def clean(self, colour, albedo, normal):
        albedo = self._run({"albedo": albedo}, np.empty_like(albedo))
        normal = self._run({"normal": normal}, np.empty_like(normal))
        return self._run({"color": colour, "albedo": albedo, "normal": normal}, np.empty_like(colour), hdr=True, cleanAux=True)


def blur(image, radius):
    """Three box blurs: near enough to a Gaussian."""
    for axis in (0, 1):
        for _ in range(3):
            pad = [(0, 0)] * 3
            pad[axis] = (radius + 1, radius)
            total = np.cumsum(np.pad(image, pad, mode="edge"), axis=axis, dtype=np.float64)
            n = image.shape[axis]
            near = np.take(total, range(2 * radius + 1, 2 * radius + 1 + n), axis=axis)
            far = np.take(total, range(0, n), axis=axis)
            image = ((near - far) / (2 * radius + 1)).astype(np.float32)
    return image


# How much each colour bleeds into the others before the tone curve: bright colours fade to white instead of clipping.
BLEED = np.array([[0.86, 0.09, 0.05], [0.07, 0.87, 0.06], [0.05, 0.10, 0.85]], np.float32)
UNBLEED = np.linalg.inv(0.72 * BLEED + 0.28 * np.eye(3, dtype=np.float32)).astype(np.float32)


def tone(light, expose, warm, grain_seed):
    """Scene light to display values: a film-like curve with a long shoulder."""
    h, w, _ = light.shape
    light = np.maximum(light, 0) * 2.0**expose * np.array([1 + 0.06 * warm, 1.0, 1 - 0.09 * warm], np.float32)
    # A lens scatters a little of the brightest light.
    light = light * 0.965 + blur(np.minimum(light, 6.0), max(2, w // 60)) * 0.035
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    away = ((x / w - 0.5) ** 2 + ((y / h - 0.5) * h / w) ** 2) / (0.25 + 0.25 * (h / w) ** 2)
    light *= (1 - 0.17 * away)[..., None]
    mixed = light @ BLEED.T
    stops = np.clip(np.log2(np.maximum(mixed, 1e-6) / 0.18), -9, 5.5)
    # Mid grey to .46, slope set for contrast, ends approached but never met abruptly.
    slope = 0.62
    curve = np.where(stops < 0, 0.46 * 2 / (1 + np.exp(-stops * slope * 0.86)), 0.46 + 0.525 * np.tanh(stops * 0.1935 / 0.525 * 0.84))
    linear = np.power(np.clip(curve, 0, 1), 2.2) @ UNBLEED.T
    shown = np.power(np.clip(linear, 0, 1), 1 / 2.2)
    luma = shown @ np.array([0.26, 0.66, 0.08], np.float32)
    # Print: shadows a breath of green-brown, lights cream.
    lights, darks = (luma**1.5)[..., None], ((1 - luma) ** 3)[..., None]
    shown = shown + lights * np.array([0.006, 0.001, -0.012]) + darks * np.array([0.010, 0.008, 0.006])
    noise = np.random.default_rng(grain_seed).standard_normal((h, w)).astype(np.float32)
    noise = 0.6 * noise + 0.4 * np.roll(noise, 1, 0)
    shown = shown + (noise * (0.0045 * np.sqrt(np.clip(luma, 0.05, 1) * (1.15 - luma))))[..., None]
    return (np.clip(shown, 0, 1) * 255 + 0.5).astype(np.uint8)


def photo(args):
    shown = tone(Denoiser().clean(*read(args.source)), args.expose, args.warm, 7)
    picture = Image.fromarray(shown)
    for quality in (84, 82, 79, 76, 72, 68):
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=quality, optimize=True, progressive=True, subsampling="4:2:0" if quality < 84 else "4:4:4")
        if data.tell() <= MOST_BYTES:
            break
    args.out.write_bytes(data.getvalue())


def clip(args):
    frames = sorted(args.source.glob("*.exr"))
    denoiser = Denoiser()
    command = None
    for frame in frames:
        shown = tone(denoiser.clean(*read(frame)), args.expose, args.warm, 7)
        if command is None:
            h, w, _ = shown.shape
            Image.fromarray(shown).save(args.out.with_suffix(".jpg"), "JPEG", quality=84, optimize=True, progressive=True)
            command = subprocess.Popen(
                ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{w}x{h}", "-r", str(args.rate), "-i", "-",
                 "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-c:v", "libx264", "-preset", "slow", "-crf", "21",
                 "-profile:v", "high", "-g", str(int(args.rate)), "-keyint_min", str(int(args.rate)), "-sc_threshold", "0", "-threads", "2",
                 "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-movflags", "+faststart",
                 "-fflags", "+bitexact", "-flags:v", "+bitexact", str(args.out)],
                stdin=subprocess.PIPE,
            )
        command.stdin.write(shown.tobytes())
    command.stdin.close()
    if command.wait():
        raise SystemExit(f"ffmpeg could not write {args.out}.")


words = argparse.ArgumentParser()
words.add_argument("what", choices=("photo", "clip"))
words.add_argument("source", type=Path)
words.add_argument("out", type=Path)
words.add_argument("--expose", type=float, default=0.0)
words.add_argument("--warm", type=float, default=0.0)
words.add_argument("--rate", type=float, default=24)
chosen = words.parse_args()
photo(chosen) if chosen.what == "photo" else clip(chosen)
