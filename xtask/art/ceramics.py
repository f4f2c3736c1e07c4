"""Draws the demo shop's photos and clips.

    blender -b -P xtask/art/ceramics.py -- OUT_DIR [--only NAME[,NAME]] [--quality draft|final] [--threads N] [--keep]

Blender renders light (EXR); `develop.py`, run by the Python named in ART_PYTHON, takes out the noise, sets the tone and writes
JPEG and MP4. See README.md beside this file.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import bpy  # noqa: E402

import light  # noqa: E402
import shots  # noqa: E402


def settings(scene, size, samples, threads):
    """Cycles on the CPU, with the passes the denoiser wants."""
    r, c = scene.render, scene.cycles
    r.resolution_x, r.resolution_y, r.resolution_percentage = *size, 100
    r.threads_mode, r.threads = "FIXED", threads
    r.image_settings.file_format, r.image_settings.color_depth = "OPEN_EXR_MULTILAYER", "16"
    r.image_settings.exr_codec = "ZIP"
    r.use_persistent_data = True
    r.film_transparent = False
    c.device, c.samples, c.seed = "CPU", samples, 11
    c.use_adaptive_sampling, c.adaptive_threshold, c.adaptive_min_samples = samples > 16, 0.02, 12
    c.use_denoising = False
    c.max_bounces, c.diffuse_bounces, c.glossy_bounces, c.transmission_bounces = 6, 3, 3, 2
    c.caustics_reflective = c.caustics_refractive = False
    c.sample_clamp_indirect, c.sample_clamp_direct = 3.0, 12.0
    c.blur_glossy = 0.5
    c.filter_width = 1.3
    bpy.context.view_layer.cycles.denoising_store_passes = True


def develop(python, *args):
    """Runs the second half in an ordinary Python."""
    subprocess.run([python, str(HERE / "develop.py"), *map(str, args)], check=True)


def main():
    words = argparse.ArgumentParser(prog="ceramics.py")
    words.add_argument("out", type=Path)
    words.add_argument("--only", default="", help="names, with commas between")
    words.add_argument("--quality", choices=("draft", "final"), default="final")
    words.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    words.add_argument("--keep", action="store_true", help="leave the EXR files beside the pictures")
    args = words.parse_args(sys.argv[sys.argv.index("--") + 1 :])
    python = os.environ.get("ART_PYTHON", "python3")
    only = [name for name in args.only.split(",") if name]
    unknown = [name for name in only if name not in shots.ALL]
    if unknown:
        sys.exit(f"No picture is called {', '.join(unknown)}. There are: {', '.join(shots.ALL)}.")
    raw = args.out / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    final = args.quality == "final"

    for name in only or shots.ALL:
        started = time.time()
        shot = shots.ALL[name]
        scene = light.clear()
        spin = shot.build()
        part = 1.0 if final else 0.36
        if shot.frames:
            # Cheaper than stills: the noise stays put between frames, so the denoiser's guess does too.
            size = tuple(int(s * (1.0 if final else 0.5)) // 2 * 2 for s in shot.size)
            settings(scene, size, shot.samples if final else 6, args.threads)
            folder = raw / name
            folder.mkdir(exist_ok=True)
            step = 1 if final else 12
            for frame in range(0, shot.frames, step):
                spin(frame / shot.frames)
                scene.render.filepath = str(folder / f"{frame:04}.exr")
                if not Path(scene.render.filepath).exists():
                    bpy.ops.render.render(write_still=True)
            develop(python, "clip", folder, args.out / f"{name}.mp4", "--expose", shot.expose, "--warm", shot.warm, "--rate", shot.rate if final else 2)
        else:
            settings(scene, tuple(int(s * part) for s in shot.size), shot.samples if final else 24, args.threads)
            scene.render.filepath = str(raw / f"{name}.exr")
            bpy.ops.render.render(write_still=True)
            develop(python, "photo", scene.render.filepath, args.out / f"{name}.jpg", "--expose", shot.expose, "--warm", shot.warm)
            if not args.keep:
                os.remove(scene.render.filepath)
        print(f"{name}: {time.time() - started:.0f} s", flush=True)


main()
