"""Develops rendered light into pictures: denoise, expose, film tone, grain, JPEG or MP4.

    develop.py photo IN.exr OUT.jpg [--expose STOPS] [--warm W]
    develop.py turn  DIR OUT.mp4 [--expose STOPS] [--warm W] [--rate FPS] [--frames N]

Needs the packages of requirements.txt, and ffmpeg for clips.
"""

import argparse
import io
import math
import subprocess
from pathlib import Path

import numpy as np
import OpenEXR
import pyoidn
from PIL import Image

# Stops that put a pale glaze in window light where a photographer would.
BASE = 0.8
MOST_BYTES = 345_000


class Light:
    """The passes of one rendered file, as float32 (h, w, n)."""

    def __init__(self, path):
        with OpenEXR.File(str(path), separate_channels=True) as file:
            self.channels = {name: channel.pixels.astype(np.float32) for name, channel in file.channels().items()}

    def get(self, name, letters):
        found = {key.rsplit(".", 1)[-1]: key for key in self.channels if f".{name}." in f".{key}"}
        return np.ascontiguousarray(np.stack([self.channels[found[c]] for c in letters], axis=-1))

    def guides(self):
        """What the surface is, for the denoiser: its colour and its direction."""
        return self.get("Denoising Albedo", "RGB"), self.get("Denoising Normal", "XYZ")


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


def resize(image, size, how):
    """Resamples light, which has no upper end, to (width, height)."""
    return np.stack([np.asarray(Image.fromarray(np.ascontiguousarray(image[..., c])).resize(size, how)) for c in range(3)], axis=-1)


# How much each colour bleeds into the others before the tone curve: bright colours fade to white instead of clipping.
BLEED = np.array([[0.86, 0.09, 0.05], [0.07, 0.87, 0.06], [0.05, 0.10, 0.85]], np.float32)
UNBLEED = np.linalg.inv(0.72 * BLEED + 0.28 * np.eye(3, dtype=np.float32)).astype(np.float32)


class Print:
    """Scene light to display values: a film-like curve with a long shoulder. The lens's glow is taken from `light` once, so that the
    frames of a clip can be printed in parts.
    """

    def __init__(self, light, expose, warm):
        h, w, _ = light.shape
        self.gain = np.array([0.975 + 0.06 * warm, 1.0, 1.095 - 0.09 * warm], np.float32) * np.float32(2.0 ** (expose + BASE))
        # A lens scatters a little of the brightest light.
        small = resize(np.clip(light * self.gain, 0, 6.0), (w // 8, h // 8), Image.Resampling.BOX)
        self.glow = resize(blur(small, max(2, w // 480)), (w, h), Image.Resampling.BILINEAR) * 0.035
        x, y = np.arange(w, dtype=np.float32)[None] / w - 0.5, (np.arange(h, dtype=np.float32)[:, None] / h - 0.5) * (h / w)
        self.fade = (1 - 0.17 * (x * x + y * y) / (0.25 + 0.25 * (h / w) ** 2))[..., None]
        noise = np.random.default_rng(7).standard_normal((h, w)).astype(np.float32)
        self.grain = (0.6 * noise + 0.4 * np.roll(noise, 1, 0)) * np.float32(0.0045)

    def show(self, light, part=np.s_[:, :]):
        light = (np.maximum(light, 0) * self.gain * 0.965 + self.glow[part]) * self.fade[part]
        stops = np.clip(np.log2(np.maximum(light @ BLEED.T, 1e-6) / 0.18), -9, 5.5)
        # Mid grey to .46, slope set for contrast, ends approached but never met abruptly.
        slope = 0.168
        curve = np.where(stops < 0, 0.92 / (1 + np.exp(-stops * slope * 4 / 0.92)), 0.46 + 0.525 * np.tanh(stops * slope / 0.525))
        linear = np.power(np.clip(curve, 0, 1), 2.2) @ UNBLEED.T
        shown = np.power(np.clip(linear, 0, 1), 1 / 2.2)
        luma = shown @ np.array([0.26, 0.66, 0.08], np.float32)
        # Print: shadows a breath of green-brown, lights cream.
        lights, darks = (luma**1.5)[..., None], ((1 - luma) ** 3)[..., None]
        shown = shown + lights * np.array([0.006, 0.001, -0.012], np.float32) + darks * np.array([0.010, 0.008, 0.006], np.float32)
        shown = shown + (self.grain[part] * np.sqrt(np.clip(luma, 0.05, 1) * (1.15 - luma)))[..., None]
        return (np.clip(shown, 0, 1) * 255 + 0.5).astype(np.uint8)


def photo(args):
    clean = Denoiser().clean((light := Light(args.source)).get("Combined", "RGB"), *light.guides())
    if args.width and args.width > clean.shape[1]:
        # Drawn smaller than it is shown: a clean picture enlarges well, and the grain is laid at the final size.
        size = (args.width, round(args.width * clean.shape[0] / clean.shape[1]))
        clean = np.maximum(resize(clean, size, Image.Resampling.LANCZOS), 0)
        clean = np.maximum(clean + 0.35 * np.clip(clean - blur(clean, 1), -0.06, 0.06), 0)
    picture = Image.fromarray(Print(clean, args.expose, args.warm).show(clean))
    for quality in (84, 82, 79, 76, 72, 68):
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=quality, optimize=True, progressive=True, subsampling="4:2:0" if quality < 84 else "4:4:4")
        if data.tell() <= MOST_BYTES:
            break
    args.out.write_bytes(data.getvalue())


# ceramics.py paints a turning piece in this grey for its light.
GREY = np.float32(0.4)

AROUND, ALONG = 2400, 1600


def unroll(point):
    """Where a point of a round piece lies on its unrolled skin: the angle, and a length that grows from foot to rim or knob."""
    x, y, z = point[..., 0], point[..., 1], point[..., 2]
    return np.arctan2(y, x) / (2 * np.pi), z - 0.6 * np.hypot(x, y)


def outward(normal, point):
    """True on the outside of the wall: the inside of a neck lies at the same angle and height."""
    r = np.maximum(np.hypot(point[..., 0], point[..., 1]), 1e-6)
    return (normal[..., 0] * point[..., 0] + normal[..., 1] * point[..., 1]) / r > -0.1


def spread(known, *passes):
    """Carries passes a few pixels past where they are known: a pixel that an edge covers in part has no place of its own."""
    passes, known = [p.copy() for p in passes], known.copy()
    for _ in range(6):
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            take = np.roll(known, (dy, dx), (0, 1)) & ~known
            for p in passes:
                p[take] = np.roll(p, (dy, dx), (0, 1))[take]
            known |= take
    return passes


def skin(folder, low, high):
    """The unrolled colours of the piece, (ALONG, AROUND, 3), gathered from its sides; each point counts where it faces the camera."""
    total, weight = np.zeros((ALONG * AROUND, 3)), np.zeros(ALONG * AROUND)
    sides = sorted(folder.glob("side-*.exr"))
    for k, path in enumerate(sides):
        side = Light(path)
        alpha, point, normal = side.get("Combined", "A")[..., 0], side.get("Position", "XYZ"), side.get("Normal", "XYZ")
        turn, along = unroll(point)
        # The camera looks along +y: what faces it lies at a quarter turn back.
        facing = np.cos(2 * np.pi * (turn + 0.25)) - math.cos(1.6 * np.pi / len(sides))
        seen = (alpha > 0.999) & (facing > 0) & outward(normal, point)
        u = ((turn - k / len(sides)) % 1.0 * AROUND)[seen]
        v = ((along - low) / (high - low) * (ALONG - 1))[seen]
        colour, w0 = side.get("DiffCol", "RGB")[seen], facing[seen]
        for du in (0, 1):
            for dv in (0, 1):
                iu, iv = np.floor(u).astype(int) + du, np.floor(v).astype(int) + dv
                w = w0 * (1 - abs(u - iu)) * (1 - abs(v - iv))
                at = np.clip(iv, 0, ALONG - 1) * AROUND + iu % AROUND
                for c in range(3):
                    total[:, c] += np.bincount(at, w * colour[:, c], ALONG * AROUND)
                weight += np.bincount(at, w, ALONG * AROUND)
    total, weight = total.reshape(ALONG, AROUND, 3).astype(np.float32), weight.reshape(ALONG, AROUND, 1).astype(np.float32)
    # Points that no pixel hit take the colour of their neighbours.
    out = np.where(weight > 1e-4, total / np.maximum(weight, 1e-4), 0)
    for radius in (1, 2, 4, 10, 40):
        near, count = blur(total, radius), blur(weight, radius)
        gap = weight <= 1e-4
        out = np.where(gap & (count > 1e-5), near / np.maximum(count, 1e-5), out)
        weight = np.where(gap & (count > 1e-5), 1.0, weight)
        total = np.where(gap, out * (weight > 1e-4), total)
    return out


def turn(args):
    denoiser = Denoiser()
    lit, here = Light(args.source / "light.exr"), Light(args.source / "here.exr")
    guides = lit.guides()
    base = denoiser.clean(lit.get("Combined", "RGB"), *guides)
    fall = denoiser.clean(lit.get("DiffDir", "RGB") + lit.get("DiffInd", "RGB"), *guides)
    alpha = here.get("Combined", "A")
    solid = np.maximum(alpha, 1e-3)
    point, normal = spread(alpha[..., 0] > 0.99, here.get("Position", "XYZ"), here.get("Normal", "XYZ") / solid)
    angle, along = unroll(point)
    inside = alpha[..., 0] > 0.99
    low, high = np.percentile(along[inside], (0.05, 99.95))
    colours = skin(args.source, low, high)
    out_here = outward(normal, point)[..., None]
    still = here.get("DiffCol", "RGB") / solid
    v = np.clip((along - low) / (high - low) * (ALONG - 1), 0, ALONG - 1.001)
    v0 = v.astype(int)
    fv = (v - v0)[..., None].astype(np.float32)
    h, w, _ = base.shape
    command = subprocess.Popen(
        ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{w}x{h}", "-r", f"{args.rate:g}", "-i", "-",
         "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-c:v", "libx264", "-preset", "medium", "-crf", "20",
         "-profile:v", "high", "-g", f"{args.rate:g}", "-keyint_min", f"{args.rate:g}", "-sc_threshold", "0", "-threads", "2",
         "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-movflags", "+faststart",
         "-fflags", "+bitexact", "-flags:v", "+bitexact", str(args.out)],
        stdin=subprocess.PIPE,
    )
    rows, columns = np.flatnonzero(alpha.max((1, 2)) > 0), np.flatnonzero(alpha.max((0, 2)) > 0)
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    develop = Print(base, args.expose, args.warm)
    shown = develop.show(base)
    base, alpha, fall, still, out_here = base[part], alpha[part], fall[part], still[part], out_here[part]
    angle, v0, fv = angle[part], v0[part], fv[part]
    for frame in range(args.frames):
        u = (angle - frame / args.frames) % 1.0 * AROUND
        u0 = u.astype(int)
        fu = (u - u0)[..., None].astype(np.float32)
        u0, u1 = u0 % AROUND, (u0 + 1) % AROUND
        lower = colours[v0, u0] * (1 - fu) + colours[v0, u1] * fu
        upper = colours[v0 + 1, u0] * (1 - fu) + colours[v0 + 1, u1] * fu
        colour = np.where(out_here, lower * (1 - fv) + upper * fv, still)
        shown[part] = develop.show(base + alpha * (colour - GREY) * fall, part)
        if frame == 0:
            Image.fromarray(shown).save(args.out.with_suffix(".jpg"), "JPEG", quality=84, optimize=True, progressive=True)
        command.stdin.write(shown.tobytes())
    command.stdin.close()
    if command.wait():
        raise SystemExit(f"ffmpeg could not write {args.out}.")


words = argparse.ArgumentParser()
words.add_argument("what", choices=("photo", "turn"))
words.add_argument("source", type=Path)
words.add_argument("out", type=Path)
words.add_argument("--expose", type=float, default=0.0)
words.add_argument("--warm", type=float, default=0.0)
words.add_argument("--width", type=int, default=0)
words.add_argument("--rate", type=float, default=24)
words.add_argument("--frames", type=int, default=120)
chosen = words.parse_args()
photo(chosen) if chosen.what == "photo" else turn(chosen)
