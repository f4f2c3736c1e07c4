"""The pictures: which piece, on what, in which light, from where. x is right, y away from the camera, the window is on the left."""

from dataclasses import dataclass
from typing import Callable

import glaze
import light
import pieces
import shape


@dataclass
class Shot:
    """One picture or clip. `frames` > 0 makes a clip of a round piece on a turntable, which `build` then returns."""

    build: Callable
    size: tuple = (1280, 1600)
    samples: int = 5
    expose: float = 0.0
    warm: float = 0.0
    frames: int = 0
    rate: int = 24


ALL = {}


def shot(name, **settings):
    def keep(build):
        ALL[name] = Shot(build, **settings)
        return build

    return keep


# --- The morning cup -------------------------------------------------------------------------------------------------


@shot("cup-hero", expose=0.1)
def cup_hero():
    light.room(power=0.30)
    light.table(glaze.wood("oak", "#c49b6c", "#8d6239", plank=0.21))
    light.wall(glaze.plaster("wall", "#d8cab6", "#bfae97"), 0.55)
    light.window(at=(-0.75, -0.30, 0.60), power=9)
    light.sun((0.80, 0.50, -0.50), 3.2, 1.6, bars=(0.24, 0.34, 2, 2), leaves=16, seed=4, aim=(0.02, 0.2, 0.10))
    cloth = shape.drape("cloth", 0.30, 0.22, glaze.linen("cloth", "#b7b3a4", "#8d8a7c"), [(-0.06, 0.0, 0.5, 0.012, 0.016, 0.16), (0.05, 0.03, 0.8, 0.009, 0.013, 0.15)], seed=2)
    cloth.location, cloth.rotation_euler = (-0.13, 0.13, 0), (0, 0, 0.5)
    pieces.cup((0.005, 0, 0), -28, tea=True)
    light.camera((0.055, -0.56, 0.215), (0.006, 0.01, 0.054), 92, 3.2, (0, -0.03, 0.05))


@shot("cup-detail", expose=0.05)
def cup_detail():
    light.room(power=0.35)
    light.table(glaze.linen("cloth", "#c9c1b0", "#9d9483", seed=3))
    light.wall(glaze.plaster("wall", "#b8a48c", "#9b8770"), 0.6)
    light.window(at=(-0.6, 0.05, 0.5), power=9, to=(0, 0, 0.05))
    pieces.cup((0, 0, 0.0015), -62)
    light.camera((-0.10, -0.34, 0.115), (0.016, 0, 0.046), 100, 4.5, (0.01, -0.043, 0.05))


@shot("cup-pair", expose=0.05)
def cup_pair():
    light.room(power=0.32)
    light.table(glaze.stone("lime", "#d3c8b6", "#b5a792", gloss=0.6))
    light.window(at=(-0.8, 0.25, 0.75), power=11)
    light.sun((0.75, -0.35, -0.62), 1.6, 3.0, bars=(0.30, 0.40, 2, 1), seed=9)
    cloth = shape.drape("cloth", 0.34, 0.26, glaze.linen("cloth", "#d9d2c2", "#b1a893"), [(-0.08, 0.02, 0.3, 0.012, 0.015, 0.2), (0.03, -0.04, 0.55, 0.010, 0.013, 0.18), (0.11, 0.05, 0.1, 0.009, 0.014, 0.14)], seed=5)
    cloth.location, cloth.rotation_euler = (0.05, 0.10, 0), (0, 0, -0.35)
    pieces.cup((-0.035, -0.045, 0.0), 150, seed=1, tea=True)
    pieces.cup((0.055, 0.065, 0.006), 20, seed=12)
    pieces.spoon((-0.13, 0.05, 0), 38)
    light.camera((0.0, -0.46, 0.56), (0.005, 0.005, 0.02), 88, 4.5, (-0.035, -0.045, 0.08))


# --- The teapot ------------------------------------------------------------------------------------------------------


@shot("teapot-hero", expose=0.3)
def teapot_hero():
    light.room("#d8d6cc", "#2c2823", 0.22)
    light.table(glaze.wood("walnut", "#6d4a31", "#3f2818", seed=4, plank=0.24, gloss=0.42))
    light.wall(glaze.plaster("wall", "#5f6257", "#474a41", seed=3), 0.62)
    light.window(at=(-0.85, -0.10, 0.65), power=14)
    light.card((0.7, -0.3, 0.4), (0, 0, 0.08), (0.5, 0.5), 1.2)
    pieces.teapot((0.0, 0.0, 0), 24)
    pieces.espresso((0.115, -0.105, 0), 40, coffee=False, saucer=False)
    light.camera((0.03, -0.92, 0.285), (0.012, 0, 0.078), 92, 3.5, (0, -0.06, 0.08))


@shot("teapot-detail", expose=0.1)
def teapot_detail():
    light.room("#d8d6cc", "#2c2823", 0.25)
    light.table(glaze.wood("walnut", "#6d4a31", "#3f2818", seed=4, plank=0.24, gloss=0.42))
    light.wall(glaze.plaster("wall", "#6a6a5c", "#4d4f45", seed=3), 0.7)
    light.window(at=(-0.55, -0.45, 0.55), power=9)
    pieces.teapot((0, 0, 0), -38)
    light.camera((0.16, -0.50, 0.245), (0.035, 0, 0.092), 100, 4.0, (0.04, -0.03, 0.1))


@shot("teapot-table", expose=0.05)
def teapot_table():
    light.room(power=0.30)
    light.table(glaze.linen("cloth", "#cbc3b3", "#a1988a", seed=6))
    light.window(at=(-0.9, 0.35, 0.8), power=13)
    light.sun((0.75, -0.45, -0.62), 1.8, 2.4, bars=(0.26, 0.36, 2, 2), leaves=10, seed=12)
    shape.slab("board", (0.34, 0.24, 0.018), (0.0, 0.03, 0.019), glaze.wood("board", "#9c6f45", "#65422a", seed=9, plank=0.5)).rotation_euler = (0, 0, 0.12)
    pieces.teapot((-0.02, 0.055, 0.019), 215)
    pieces.cup((0.085, -0.115, 0.0012), -30, tea=True, seed=14)
    pieces.cup((-0.105, -0.125, 0.0012), 200, tea=True, seed=15)
    light.camera((0.0, -0.68, 0.80), (-0.005, -0.012, 0.035), 88, 5.0, (0, -0.05, 0.08))


# --- The nesting bowls -----------------------------------------------------------------------------------------------


@shot("bowls-hero", expose=0.05)
def bowls_hero():
    light.room(power=0.34)
    light.table(glaze.stone("lime", "#d8cdbb", "#bbad98", seed=2, gloss=0.55), size=(2.4, 0.9), at=(0, 0.1, 0))
    light.wall(glaze.plaster("wall", "#c8ad93", "#ad9078", seed=6), 0.45)
    light.window(at=(-0.8, -0.35, 0.60), power=10)
    light.sun((0.85, 0.35, -0.42), 2.2, 2.0, bars=(0.20, 0.42, 2, 1), seed=3, aim=(0.0, 0.3, 0.12))
    pieces.bowl("large", (0, 0, 0), seed=21)
    pieces.bowl("middle", (0.003, 0, 0.0245), 40, seed=22, tip=(0, 1.5, 0))
    pieces.bowl("small", (0.0, 0.002, 0.0475), 80, seed=23, tip=(2, -2, 0))
    light.camera((0.05, -0.72, 0.30), (0.0, 0, 0.050), 92, 4.0, (0, -0.05, 0.07))


@shot("bowls-above", expose=0.35)
def bowls_above():
    light.room(power=0.30)
    light.table(glaze.linen("cloth", "#b9ad9a", "#8d8270", seed=8))
    light.window(at=(-0.8, 0.30, 0.55), power=11, to=(0, 0, 0))
    pieces.bowl("large", (-0.045, 0.085, 0.001), seed=21)
    pieces.bowl("middle", (0.085, -0.060, 0.001), 40, seed=22)
    pieces.bowl("small", (-0.075, -0.115, 0.001), 80, seed=23)
    pieces.egg((-0.060, 0.085, 0.030), 30, seed=1)
    pieces.egg((-0.020, 0.075, 0.030), 110, seed=2, colour="#e3c7a8")
    pieces.egg((-0.040, 0.125, 0.031), 70, seed=3, colour="#c99b76")
    cloth = shape.drape("napkin", 0.20, 0.30, glaze.linen("napkin", "#e3dccd", "#bfb59f", seed=4), [(0.0, 0.05, 1.3, 0.010, 0.013, 0.2), (0.05, -0.04, 1.6, 0.008, 0.012, 0.16), (-0.06, 0.0, 1.5, 0.006, 0.012, 0.2)], seed=11)
    cloth.location, cloth.rotation_euler = (0.150, 0.15, 0.001), (0, 0, -0.5)
    pieces.spoon((0.028, 0.02, 0.001), -110)
    light.camera((0, -0.06, 1.10), (0, -0.006, 0), 88, 5.6, (0, 0, 0.04))


@shot("bowls-row", expose=0.05)
def bowls_row():
    light.room(power=0.34)
    light.table(glaze.wood("oak", "#c9a377", "#966b42", seed=7, plank=0.3))
    light.wall(glaze.plaster("wall", "#d8d0c2", "#c1b6a5", seed=8), 0.5)
    light.window(at=(-0.8, -0.2, 0.5), power=10)
    pieces.bowl("small", (-0.030, -0.120, 0.0), 80, seed=23)
    pieces.bowl("middle", (0.060, 0.010, 0), 40, seed=22)
    pieces.bowl("large", (-0.055, 0.130, 0), seed=21)
    pieces.pear((0.115, 0.145, 0.0), 20, seed=4)
    light.camera((0.12, -0.80, 0.26), (0.006, 0.0, 0.036), 88, 4.0, (-0.030, -0.15, 0.04))


# --- The tall vase ---------------------------------------------------------------------------------------------------


def olive(seed=3, tall=0.30, at=(0, 0, 0)):
    """Two or three olive twigs in a neck at `at`."""
    stem, leaves = glaze.plain("twig", "#5f5442", 0.8), glaze.foliage("olive", "#6d7758", "#a9aa92")
    x, y, z = at
    shape.branch("a", [(x - 0.004, y, z - 0.10), (x + 0.004, y, z), (x + 0.045, y - 0.01, z + 0.12), (x + 0.125, y - 0.02, z + tall)], stem, leaves, 40, (0.058, 0.0165), 0.38, seed)
    shape.branch("b", [(x + 0.004, y, z - 0.10), (x - 0.006, y + 0.003, z), (x - 0.040, y + 0.02, z + 0.10), (x - 0.115, y + 0.03, z + tall * 0.70)], stem, leaves, 32, (0.056, 0.016), 0.40, seed + 1)
    shape.branch("c", [(x, y, z - 0.10), (x, y + 0.004, z), (x + 0.006, y + 0.03, z + 0.13), (x - 0.018, y + 0.05, z + tall * 0.95)], stem, leaves, 32, (0.054, 0.016), 0.42, seed + 2)


@shot("vase-hero", expose=0.05)
def vase_hero():
    light.room(power=0.30)
    light.table(glaze.stone("lime", "#cfc4b3", "#ac9e8a", seed=5, gloss=0.55))
    light.wall(glaze.plaster("wall", "#cdbba4", "#b09c84", seed=11), 0.42)
    light.window(at=(-1.0, -0.45, 0.75), power=16, to=(0, 0, 0.2), size=(0.9, 1.3))
    light.sun((0.85, 0.55, -0.42), 2.8, 1.8, bars=(0.34, 0.50, 2, 2), seed=5, aim=(0.05, 0.2, 0.28))
    pieces.vase((0, 0, 0), 70)
    olive(5, 0.27, (0, 0, 0.300))
    light.camera((0.0, -1.70, 0.41), (0.0, 0, 0.272), 90, 4.0, (0, -0.06, 0.2))


@shot("vase-detail", expose=0.2)
def vase_detail():
    light.room(power=0.35)
    light.table(glaze.stone("lime", "#cfc4b3", "#ac9e8a", seed=5))
    light.wall(glaze.plaster("wall", "#94836f", "#7a6a58", seed=11), 0.7)
    light.window(at=(-0.6, -0.40, 0.60), power=10, to=(0, 0, 0.2))
    pieces.vase((0, 0, 0), 40)
    light.camera((0.10, -0.62, 0.300), (0.012, 0, 0.190), 92, 4.5, (0, -0.06, 0.18))


@shot("vase-shelf", expose=0.05)
def vase_shelf():
    light.room(power=0.30)
    light.table(glaze.wood("oak", "#b98f61", "#835a36", seed=3, plank=0.4), size=(2.4, 1.4), at=(0, -0.42, 0))
    light.wall(glaze.plaster("wall", "#dcd3c4", "#c8bcaa", seed=14), 0.26)
    light.window(at=(-0.9, -0.55, 0.65), power=13, to=(0, 0, 0.15))
    pieces.vase((0.050, 0.03, 0), 200)
    pieces.bowl("large", (-0.115, 0.00, 0), seed=21)
    pieces.pear((-0.125, -0.005, 0.022), 0, (18, 8, 0), seed=4)
    pieces.pear((-0.085, 0.012, 0.026), 120, (-24, 10, 40), seed=6, size=0.95)
    light.camera((0.02, -1.40, 0.30), (-0.020, 0, 0.145), 90, 4.0, (0, -0.04, 0.12))


@shot("vase-turn", size=(720, 900), samples=8, frames=144, expose=0.05)
def vase_turn():
    light.room(power=0.32)
    light.table(glaze.stone("lime", "#cfc4b3", "#ac9e8a", seed=5, gloss=0.55))
    light.wall(glaze.plaster("wall", "#c9b59d", "#ad9880", seed=11), 0.5)
    light.window(at=(-0.9, -0.45, 0.70), power=16, to=(0, 0, 0.16), size=(0.9, 1.3))
    light.sun((0.85, 0.55, -0.42), 1.6, 2.2, bars=(0.34, 0.50, 2, 2), leaves=10, seed=5, aim=(0.15, 0.35, 0.28))
    light.camera((0, -1.34, 0.33), (0, 0, 0.150), 92, 4.5, (0, -0.06, 0.15))
    return pieces.vase((0, 0, 0), 0)


# --- The bud vase ----------------------------------------------------------------------------------------------------


def grass(at, seed=1, lean=0.03, tall=0.16):
    """One stem of hare's-tail grass."""
    x, y, z = at
    line = shape.curve_through([(x, y, z - 0.08), (x, y, z), (x + lean * 0.4, y, z + tall * 0.55), (x + lean * 1.3, y - 0.004, z + tall)], 16)
    shape.rod("stalk", line, glaze.plain("straw", "#a8925f", 0.7), 0.0009, 0.7)
    ahead = tuple(b - a for a, b in zip(line[-3], line[-1]))
    shape.tuft("head", line[-1], ahead, glaze.plain("fluff", "#e2d3b2", 0.9, 1, 0.1, "#c4ad82"), seed=seed)


@shot("bud-hero", expose=0.0)
def bud_hero():
    light.room("#e8ecec", "#6a5f54", 0.34)
    light.table(glaze.wood("sill", "#d9cfc0", "#c0b4a2", seed=6, plank=0.5, gloss=0.55))
    light.wall(glaze.plaster("wall", "#dcd7cc", "#c9c2b5", seed=17), 0.30)
    light.window(at=(-0.7, -0.30, 0.50), power=8, colour="#f6f2ea", to=(0, 0, 0.08))
    light.sun((0.90, 0.45, -0.50), 2.6, 1.3, bars=(0.17, 0.30, 2, 2), leaves=8, seed=8, aim=(0.02, 0.12, 0.10))
    pieces.bud((0, 0, 0), 10)
    grass((0, 0, 0.118), 3, 0.030, 0.115)
    grass((0.001, 0.002, 0.118), 4, -0.022, 0.085)
    grass((0, 0.003, 0.118), 5, 0.008, 0.135)
    light.camera((0.03, -0.90, 0.195), (0.003, 0, 0.131), 92, 3.2, (0, -0.04, 0.06))


@shot("bud-detail", expose=0.05)
def bud_detail():
    light.room("#e8ecec", "#5a5048", 0.34)
    light.table(glaze.linen("cloth", "#a9a89c", "#807f74", seed=9))
    light.wall(glaze.plaster("wall", "#8b8577", "#6f6a5e", seed=17), 0.6)
    light.window(at=(-0.5, -0.30, 0.45), power=6, to=(0, 0, 0.05))
    pieces.bud((0, 0, 0.001), 120)
    light.camera((0.06, -0.34, 0.150), (0.0, 0, 0.058), 96, 4.0, (0, -0.042, 0.055))


@shot("bud-turn", size=(720, 900), samples=8, frames=120)
def bud_turn():
    light.room("#e8ecec", "#6a5f54", 0.34)
    light.table(glaze.wood("sill", "#d9cfc0", "#c0b4a2", seed=6, plank=0.5, gloss=0.55))
    light.wall(glaze.plaster("wall", "#b9bdb4", "#9fa49b", seed=17), 0.30)
    light.window(at=(-0.7, -0.30, 0.50), power=8, to=(0, 0, 0.08))
    light.camera((0, -0.66, 0.165), (0, 0, 0.059), 92, 4.0, (0, -0.04, 0.06))
    return pieces.bud((0, 0, 0), 0)


# --- The dinner plate ------------------------------------------------------------------------------------------------


@shot("plate-hero", expose=0.35)
def plate_hero():
    light.room(power=0.28)
    light.table(glaze.wood("walnut", "#8a6243", "#573a25", seed=11, plank=0.22, gloss=0.5))
    light.window(at=(-0.85, 0.30, 0.60), power=13, to=(0, 0, 0))
    cloth = shape.drape("cloth", 0.30, 0.46, glaze.linen("cloth", "#d8cfbd", "#aea48f", seed=2), [(-0.10, 0.05, 1.45, 0.010, 0.014, 0.3), (0.12, -0.10, 1.7, 0.011, 0.014, 0.2), (0.08, 0.14, 1.2, 0.008, 0.013, 0.16)], seed=21, flat=(0.06, 0.0, 0.125))
    cloth.location, cloth.rotation_euler = (-0.06, -0.01, 0), (0, 0, 0.22)
    pieces.plate((0.0, 0.0, 0.0016), 0)
    shape.branch("twig", [(-0.06, -0.075, 0.022), (-0.02, -0.02, 0.027), (0.03, 0.03, 0.028), (0.06, 0.09, 0.034)], glaze.plain("twig", "#5f5442", 0.8), glaze.foliage("olive", "#6d7758", "#a9aa92"), 24, (0.050, 0.0145), 0.12, 7, 0.0012, 0.8)
    light.camera((0, -0.42, 0.98), (0, -0.004, 0.01), 88, 5.6, (0, -0.03, 0.02))


@shot("plate-stack", expose=0.25)
def plate_stack():
    light.room(power=0.33)
    light.table(glaze.stone("lime", "#cabfae", "#a89b88", seed=15, gloss=0.5))
    light.wall(glaze.plaster("wall", "#d9cfbf", "#c4b7a3", seed=19), 0.5)
    light.window(at=(-0.85, -0.25, 0.5), power=11)
    for k in range(4):
        pieces.plate((0.002 * (k % 2), 0.001 * k, 0.0135 * k), 70 * k, seed=30 + k)
    pieces.bowl("small", (0.004, 0.0, 0.0405 + 0.0078), 0, seed=23)
    light.camera((0.10, -0.98, 0.275), (0, 0, 0.050), 92, 4.0, (0, -0.12, 0.05))


# --- The espresso cup ------------------------------------------------------------------------------------------------


@shot("espresso-hero", expose=0.05)
def espresso_hero():
    light.room(power=0.28)
    light.table(glaze.stone("slate", "#8d857b", "#6c655c", seed=22, pits=0.4, gloss=0.5))
    light.wall(glaze.plaster("wall", "#a0725a", "#875c47", seed=20), 0.5)
    light.window(at=(-0.65, -0.15, 0.50), power=7, to=(0, 0, 0.03))
    light.sun((0.85, 0.30, -0.50), 2.4, 1.6, bars=(0.16, 0.30, 2, 1), seed=2, aim=(0.0, 0.10, 0.04))
    pieces.espresso((0, 0, 0), -32)
    light.camera((0.04, -0.52, 0.205), (0.002, 0, 0.030), 92, 3.2, (0, -0.02, 0.045))


@shot("espresso-above", expose=0.2)
def espresso_above():
    light.room(power=0.28)
    light.table(glaze.wood("oak", "#b88c5d", "#7d5532", seed=12, plank=0.18))
    light.window(at=(-0.6, 0.35, 0.45), power=7.5, to=(0, 0, 0))
    light.sun((0.70, -0.45, -0.55), 1.8, 2.0, bars=(0.20, 0.28, 2, 2), leaves=9, seed=6)
    pieces.espresso((-0.042, -0.052, 0), 215)
    pieces.espresso((0.055, 0.065, 0), 35, seed=41)
    pieces.spoon((0.062, -0.165, 0), 66)
    light.camera((0, -0.05, 0.78), (0, 0.0, 0.0), 92, 5.6, (-0.04, -0.05, 0.05))


# --- The lidded jar --------------------------------------------------------------------------------------------------


@shot("jar-hero", expose=0.05)
def jar_hero():
    light.room(power=0.30)
    light.table(glaze.wood("oak", "#a87c50", "#6f4a2c", seed=15, plank=0.26))
    light.wall(glaze.plaster("wall", "#cfc6b4", "#b5ab98", seed=23), 0.5)
    light.window(at=(-0.8, -0.25, 0.6), power=11)
    light.sun((0.85, 0.45, -0.45), 2.0, 1.8, bars=(0.22, 0.36, 2, 2), leaves=12, seed=14, aim=(0.05, 0.22, 0.14))
    pieces.jar((0, 0, 0), 30)
    pieces.pear((0.115, 0.060, 0), 20, seed=4)
    pieces.pear((-0.110, 0.090, 0.033), 60, (-86, 0, 30), seed=9)
    light.camera((0.03, -0.88, 0.25), (0.004, 0, 0.083), 92, 3.5, (0, -0.05, 0.09))


@shot("jar-open", expose=0.05)
def jar_open():
    light.room(power=0.32)
    light.table(glaze.linen("cloth", "#cfc6b6", "#a59b8b", seed=13))
    light.window(at=(-0.8, 0.25, 0.65), power=11)
    pieces.jar((-0.02, 0.03, 0.001), 80, lid=False, lid_at=((0.088, -0.062, 0.0052), (0, 0, 0)))
    pieces.spoon((-0.150, -0.10, 0.001), 12)
    light.camera((0.02, -0.58, 0.64), (0.012, -0.005, 0.055), 88, 4.5, (-0.01, 0, 0.12))


@shot("jar-turn", size=(720, 900), samples=8, frames=120, expose=0.05)
def jar_turn():
    light.room(power=0.32)
    light.table(glaze.wood("oak", "#a87c50", "#6f4a2c", seed=15, plank=0.26))
    light.wall(glaze.plaster("wall", "#cfc6b4", "#b5ab98", seed=23), 0.5)
    light.window(at=(-0.8, -0.25, 0.6), power=12)
    light.camera((0, -0.92, 0.26), (0, 0, 0.086), 92, 4.5, (0, -0.05, 0.09))
    return pieces.jar((0, 0, 0), 0)


# --- The pitcher -----------------------------------------------------------------------------------------------------


@shot("pitcher-hero", expose=0.0)
def pitcher_hero():
    light.room(power=0.32)
    light.table(glaze.wood("oak", "#bf9566", "#875e39", seed=19, plank=0.2))
    light.wall(glaze.plaster("wall", "#8f9a94", "#76817b", seed=26), 0.5)
    light.window(at=(-0.9, -0.35, 0.65), power=11, to=(0, 0, 0.1))
    light.card((0.8, -0.4, 0.4), (0, 0, 0.1), (0.6, 0.6), 0.8)
    pieces.pitcher((0, 0, 0), 152)
    pieces.pear((0.105, -0.055, 0), 20, seed=4)
    light.camera((0.02, -1.18, 0.29), (0.0, 0, 0.108), 92, 3.5, (0, -0.05, 0.12))


@shot("family", size=(1600, 1200), expose=0.05)
def family():
    light.room(power=0.30)
    light.table(glaze.wood("oak", "#bd9263", "#855c37", seed=29, plank=0.3), size=(3, 1.0), at=(0, 0.2, 0))
    light.wall(glaze.plaster("wall", "#d3c4ae", "#b9a88f", seed=29), 0.5)
    light.window(at=(-1.1, -0.45, 0.75), power=20, to=(0, 0, 0.12), size=(1.0, 1.2))
    light.sun((0.85, 0.55, -0.48), 2.4, 1.8, bars=(0.40, 0.42, 2, 2), leaves=22, seed=31, aim=(0.1, 0.25, 0.16), far=2.0)
    pieces.vase((0.235, 0.10, 0), 70)
    pieces.teapot((-0.085, 0.07, 0), 160)
    pieces.bowl("large", (-0.315, 0.03, 0), seed=21)
    pieces.bowl("middle", (-0.312, 0.03, 0.0245), 40, seed=22)
    pieces.cup((0.075, -0.045, 0), -35)
    pieces.bud((0.355, -0.02, 0), 10)
    pieces.espresso((-0.175, -0.115, 0), -140, saucer=False, coffee=False)
    light.camera((0.0, -1.95, 0.40), (0.015, 0, 0.125), 62, 4.5, (0, -0.03, 0.08))
