"""Draws the demo shop's photos and clips.

    blender -b -P xtask/art/ceramics.py -- OUT_DIR [--only NAME[,NAME]] [--quality draft|final] [--threads N] [--keep]

Blender renders light (EXR); `develop.py`, run by the Python named in ART_PYTHON, takes out the noise, sets the tone and writes
JPEG and MP4. See README.md beside this file.
"""

import argparse
import math
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
    c.use_adaptive_sampling = False
    c.use_denoising = False
    c.max_bounces, c.diffuse_bounces, c.glossy_bounces, c.transmission_bounces = 4, 2, 2, 1
    c.caustics_reflective = c.caustics_refractive = False
    c.sample_clamp_indirect, c.sample_clamp_direct = 3.0, 12.0
    c.blur_glossy = 0.5
    c.filter_width = 1.3
    bpy.context.view_layer.cycles.denoising_store_passes = True


VIEWS = 10


def turntable(scene, piece, size, samples, threads, folder):
    """Renders what a clip of a turning round piece needs: light once, colour from all sides.

    On a round piece light and shape stay where they are while the colours move past. So: `light.exr` is the scene with the piece
    painted grey; `here.exr` says which point of the piece each pixel shows; `side-NN.exr` show its colours from all around.
    develop.py puts the frames together. A full path-traced clip would take fifty times as long.
    """
    render, layer = scene.render, bpy.context.view_layer
    parts = [piece, *piece.children_recursive]
    others = [o for o in scene.objects if o not in parts and o.type != "CAMERA"]
    settings(scene, size, samples, threads)
    layer.use_pass_diffuse_direct = layer.use_pass_diffuse_indirect = True
    layer.use_pass_diffuse_color = layer.use_pass_position = layer.use_pass_normal = True

    def write(name):
        render.filepath = str(folder / name)
        bpy.ops.render.render(write_still=True)

    # Colours: the piece alone, unlit. Sharp, larger, from all around.
    lens = scene.camera.data
    hidden = [o for o in others if not o.hide_render]
    for o in hidden:
        o.hide_render = True
    render.film_transparent = True
    scene.cycles.max_bounces, scene.cycles.samples = 0, 16
    write("here.exr")
    lens.dof.use_dof, scene.cycles.samples = False, 2
    render.resolution_percentage = 135
    for k in range(VIEWS):
        piece.rotation_euler = (0, 0, 2 * math.pi * k / VIEWS)
        write(f"side-{k:02}.exr")
    piece.rotation_euler = (0, 0, 0)

    # Light: everything, with the piece grey.
    for o in hidden:
        o.hide_render = False
    settings(scene, size, samples, threads)
    lens.dof.use_dof = True
    for part in parts:
        for slot in getattr(part, "material_slots", []):
            shade = slot.material.node_tree.nodes["Principled BSDF"]
            # Relief belongs to the colours and would stand still while they move.
            for link in [*shade.inputs["Base Color"].links, *shade.inputs["Normal"].links]:
                slot.material.node_tree.links.remove(link)
            shade.inputs["Base Color"].default_value = (0.4, 0.4, 0.4, 1)
    write("light.exr")


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
        part = 0.6 if final else 0.2
        if shot.frames:
            size = tuple(int(s * (1.0 if final else 0.5)) // 2 * 2 for s in shot.size)
            folder = raw / name
            folder.mkdir(exist_ok=True)
            turntable(scene, spin, size, shot.samples if final else 4, args.threads, folder)
            develop(python, "turn", folder, args.out / f"{name}.mp4", "--expose", shot.expose, "--warm", shot.warm, "--rate", shot.rate, "--frames", shot.frames)
        else:
            settings(scene, tuple(int(s * part) for s in shot.size), shot.samples if final else 5, args.threads)
            scene.render.filepath = str(raw / f"{name}.exr")
            bpy.ops.render.render(write_still=True)
            develop(python, "photo", scene.render.filepath, args.out / f"{name}.jpg", "--expose", shot.expose, "--warm", shot.warm, "--width", shot.size[0] if final else 0)
            if not args.keep:
                os.remove(scene.render.filepath)
        print(f"{name}: {time.time() - started:.0f} s", flush=True)


main()
