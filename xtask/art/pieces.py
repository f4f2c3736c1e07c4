"""The studio's pieces. Each function puts one piece at `at`, turned by `turn` degrees, and returns its root object."""

import math

import bpy

import glaze
import shape


def stand(parts, at=(0, 0, 0), turn=0.0, tip=(0, 0, 0)):
    """Gathers parts under one empty, to be placed and turned together."""
    root = bpy.data.objects.new("piece", None)
    bpy.context.scene.collection.objects.link(root)
    for part in parts:
        part.parent = root
    root.location = at
    root.rotation_euler = (math.radians(tip[0]), math.radians(tip[1]), math.radians(turn + tip[2]))
    return root


def cup(at=(0, 0, 0), turn=0.0, seed=1, tea=False, tip=(0, 0, 0), voxel=0.0007):
    """The morning cup: oatmeal glaze with iron specks over toasted clay, bare at the foot."""
    skin = glaze.glaze(
        "oat", "#e6dcc6", "#cdbd9d", clay="#a9764e", height=0.088, line=0.019, wave=0.0022, gloss=0.30, speckle=0.8, speck="#4b3320",
        rim="#a4764d", rim_deep=0.0028, seed=seed, coat=0.35, fine=0.8, inside=("#e6dcc6", "#d8caae"), reach=0.0402,
    )
    wall = [(0.026, 0.0), (0.0335, 0.004), (0.0395, 0.014), (0.0425, 0.030), (0.0428, 0.050), (0.0418, 0.070), (0.0422, 0.088)]
    body = shape.vessel("cup", wall, skin, seed=seed, thick=0.0036)
    ear = shape.sweep("ear", [(0.0405, 0, 0.072), (0.056, 0, 0.0765), (0.0685, 0, 0.066), (0.0685, 0, 0.047), (0.057, 0, 0.032), (0.0405, 0, 0.027)], skin, width=0.0135, depth=0.0072, flare=1.45)
    parts = [shape.weld([body, ear], voxel)]
    if tea:
        parts.append(shape.disc("tea", 0.0392, 0.072, glaze.drink("tea", "#35160a", seed=seed), lift=0.0012))
    return stand(parts, at, turn, tip)


def teapot(at=(0, 0, 0), turn=0.0, seed=2, lid=True, voxel=0.0009):
    """The teapot: tea-dust green over iron clay, an arched handle, a short spout."""
    skin = glaze.glaze(
        "celadon", "#8fa08a", "#5f7a68", clay="#6d4a35", height=0.105, line=0.011, wave=0.002, gloss=0.13, speckle=0.16, speck="#3a3a2a",
        rim="#8a6f4f", rim_deep=0.002, seed=seed, coat=0.7, mottle=0.75,
    )
    wall = [(0.046, 0.0), (0.060, 0.006), (0.0755, 0.024), (0.0815, 0.046), (0.0765, 0.068), (0.060, 0.086), (0.041, 0.0955), (0.0365, 0.0975)]
    body = shape.vessel("pot", wall, skin, seed=seed, thick=0.0045, step=0.0013, foot=0.008)
    pour = shape.spout("spout", [(0.062, 0, 0.040), (0.086, 0, 0.055), (0.104, 0, 0.080), (0.119, 0, 0.101)], [0.026, 0.0185, 0.0125, 0.0095], skin)
    hoop = shape.sweep(
        "hoop", [(-0.056, 0, 0.082), (-0.064, 0, 0.110), (-0.052, 0, 0.148), (-0.020, 0, 0.172), (0.018, 0, 0.172), (0.050, 0, 0.148), (0.062, 0, 0.110), (0.055, 0, 0.082)],
        skin, width=0.0150, depth=0.0090, flare=1.5, rows=150,
    )
    parts = [shape.weld([body, pour, hoop], voxel)]
    if lid:
        cap_skin = glaze.glaze("celadon lid", "#8fa08a", "#5f7a68", height=0.2, line=-0.1, gloss=0.13, speckle=0.16, speck="#3a3a2a", seed=seed + 4, coat=0.7, mottle=0.75)
        dome = [(0.0, 0.0995), (0.030, 0.0990), (0.0388, 0.0972), (0.0395, 0.0992), (0.036, 0.1040), (0.024, 0.1085), (0.0085, 0.1102), (0.0062, 0.1135), (0.0078, 0.1180), (0.0122, 0.1215), (0.0115, 0.1255), (0.006, 0.1275), (0.0, 0.1278)]
        parts.append(shape.turn("lid", shape.curve_through(dome, 10), cap_skin, step=0.0008, rounds=3, seed=seed + 1, rings=0.00005))
    return stand(parts, at, turn)


BOWLS = {"large": (0.092, 0.078), "middle": (0.074, 0.064), "small": (0.057, 0.051)}


def bowl(which="large", at=(0, 0, 0), turn=0.0, seed=3, tip=(0, 0, 0)):
    """One of the three nesting bowls: bare sand clay outside, glazed inside, each in its own colour."""
    colours = {"large": ("#eee7da", "#d9cdb8"), "middle": ("#c7b79c", "#a8937a"), "small": ("#3f5666", "#26394a")}
    r, h = BOWLS[which]
    inner, pool = colours[which]
    skin = glaze.glaze(
        which, inner, pool, clay="#c2a07a", height=h, line=h * 0.70, wave=0.0035, gloss=0.22, speckle=0.35, seed=seed,
        inside=(inner, pool), reach=r * 1.2, coat=0.5, rim="#a98a63", rim_deep=0.0016,
    )
    wall = [(r * 0.42, 0.0), (r * 0.44, 0.006), (r * 0.60, h * 0.20), (r * 0.82, h * 0.46), (r * 0.95, h * 0.75), (r, h)]
    return stand([shape.vessel(which, wall, skin, seed=seed, thick=0.0042, foot=0.006, floor=0.009)], at, turn, tip)


def vase(at=(0, 0, 0), turn=0.0, seed=4):
    """The tall vase: satin ink over raw clay, a white ash glaze running down from the neck."""
    skin = glaze.glaze(
        "ash", "#3c3a3a", "#262628", clay="#8a6248", height=0.30, line=0.022, wave=0.003, gloss=0.34, seed=seed,
        second=(("#e9e1d0", "#b9a884")), drip=(0.222, 0.052), speckle=0.25, coat=0.3, rim="#8a6a48", rim_deep=0.004,
    )
    wall = [(0.043, 0.0), (0.050, 0.008), (0.062, 0.050), (0.0695, 0.110), (0.0665, 0.170), (0.050, 0.222), (0.0295, 0.254), (0.0245, 0.276), (0.0290, 0.296), (0.0345, 0.304)]
    return stand([shape.vessel("vase", wall, skin, seed=seed, thick=0.0045, step=0.0014, foot=0.007, rings=0.00013)], at, turn)


def bud(at=(0, 0, 0), turn=0.0, seed=5):
    """The bud vase: a round bottle with a crazed, pale celadon glaze."""
    skin = glaze.glaze(
        "craze", "#d5dccb", "#a9bda9", clay="#7b5a42", height=0.118, line=0.0075, wave=0.0014, gloss=0.08, crackle=0.55, seed=seed,
        rim="#9a7a58", rim_deep=0.0022, coat=0.8, mottle=0.6,
    )
    wall = [(0.023, 0.0), (0.030, 0.005), (0.0445, 0.024), (0.0475, 0.044), (0.038, 0.066), (0.0195, 0.082), (0.0122, 0.096), (0.0125, 0.109), (0.0165, 0.118)]
    return stand([shape.vessel("bud", wall, skin, seed=seed, thick=0.0033, step=0.0009, foot=0.005)], at, turn)


def plate(at=(0, 0, 0), turn=0.0, seed=6, radius=0.134):
    """The dinner plate: sea blue breaking to rust at the edge, milk in the middle."""
    p = glaze.Paint("tide")
    at_ = p.place(seed)
    xyz = p.node("SeparateXYZ", {0: p.node("TexCoord", {}).outputs["Object"]}).outputs
    r = p.math("SQRT", p.math("ADD", p.math("MULTIPLY", xyz[0], xyz[0]), p.math("MULTIPLY", xyz[1], xyz[1])))
    cloud = p.noise(at_, 16, 5, 0.6, 1.2)
    small = p.noise(at_, 110, 4, 0.65)
    drift = p.math("ADD", p.math("MULTIPLY", p.math("SUBTRACT", cloud, 0.5), 0.075), p.math("MULTIPLY", p.math("SUBTRACT", small, 0.5), 0.02))
    f = p.math("ADD", p.math("DIVIDE", r, radius / 0.134), drift)
    tone = p.mix(p.step(f, 0.050, 0.100), "#e4e0d2", "#8fa9ab")
    tone = p.mix(p.step(f, 0.082, 0.120), tone, "#3d6577")
    tone = p.mix(p.math("MULTIPLY", p.step(small, 0.55, 0.75), 0.30), tone, "#c9d2c6")
    tone = p.mix(p.math("MULTIPLY", p.step(f, 0.118, 0.1335), 0.9), tone, "#8a5a36")
    dots = p.math("MAXIMUM", p.specks(at_, 240, 0.22, 0.26), p.math("MULTIPLY", p.specks(p.place(seed + 7), 560, 0.2, 0.26), 0.7))
    tone = p.mix(p.math("MULTIPLY", dots, 0.75), tone, "#4a3524")
    mm = p.math("SUBTRACT", p.math("ADD", p.math("MULTIPLY", cloud, 0.5), p.math("MULTIPLY", p.noise(at_, 400, 1), 0.03)), p.math("MULTIPLY", dots, 0.05))
    skin = p.finish("#8fa9ab", Base_Color=tone, Roughness=p.blend(small, 0.10, 0.26), Specular=0.5, Clearcoat=0.6, Clearcoat_Roughness=0.06, Normal=p.bump(mm))
    k = radius / 0.134
    wall = [(0.078 * k, 0.0), (0.084 * k, 0.004), (0.102 * k, 0.0075), (0.117 * k, 0.0110), (0.1275 * k, 0.0185), (0.134 * k, 0.0275)]
    return stand([shape.vessel("plate", wall, skin, seed=seed, thick=0.0045, foot=0.006, floor=0.0075, depth=0.003, step=0.0012, segments=260, rings=0.00016)], at, turn)


def espresso(at=(0, 0, 0), turn=0.0, seed=7, coffee=True, saucer=True, voxel=0.0006):
    """The espresso cup: raw dark clay outside, white inside, on its saucer."""
    skin = glaze.glaze(
        "noir", "#ece6da", "#d6ccba", clay="#55433a", height=0.058, line=0.041, wave=0.0016, gloss=0.12, inside=("#efeadf", "#d9d0c0"), reach=0.0335, seed=seed, coat=0.7, speckle=0.25,
    )
    lift = 0.0085 if saucer else 0.0
    wall = [(0.0205, 0.0), (0.0245, 0.003), (0.0305, 0.013), (0.0325, 0.028), (0.0322, 0.045), (0.0328, 0.058)]
    body = shape.vessel("espresso", wall, skin, seed=seed, thick=0.0031, step=0.0009, foot=0.005)
    ear = shape.sweep("ear", [(0.0308, 0, 0.044), (0.041, 0, 0.0475), (0.0485, 0, 0.041), (0.0475, 0, 0.030), (0.0405, 0, 0.0215), (0.0303, 0, 0.0185)], skin, width=0.0100, depth=0.0056, flare=1.4)
    whole = shape.weld([body, ear], voxel, 5)
    whole.location.z = lift
    parts = [whole]
    if coffee:
        brew = shape.disc("coffee", 0.0298, 0.0455 + lift, glaze.drink("coffee", "#6b3714", froth="#b9803f", seed=seed), lift=0.0008)
        parts.append(brew)
    if saucer:
        dish = glaze.glaze("dish", "#ece6da", "#d6ccba", clay="#55433a", height=0.02, line=-1, gloss=0.14, seed=seed + 2, speckle=0.3, coat=0.7, mottle=0.3)
        rim = [(0.036, 0.0), (0.040, 0.003), (0.052, 0.0062), (0.063, 0.0120), (0.0665, 0.0160)]
        parts.append(shape.vessel("saucer", rim, dish, seed=seed + 1, thick=0.0034, foot=0.005, floor=0.0062, depth=0.002, step=0.001))
    return stand(parts, at, turn)


def jar(at=(0, 0, 0), turn=0.0, seed=8, lid=True, lid_at=None):
    """The lidded jar: honey shino over red clay, a knob turned from oak."""
    skin = glaze.glaze(
        "shino", "#d9a066", "#a5602f", clay="#8a4a30", height=0.135, line=0.030, wave=0.005, gloss=0.24, seed=seed, speckle=0.3, speck="#4b2a18",
        rim="#7d4526", rim_deep=0.003, coat=0.5, mottle=1.0, second=("#efe3cb", "#dcb27c"), drip=(0.106, 0.024),
    )
    wall = [(0.052, 0.0), (0.058, 0.005), (0.0655, 0.028), (0.0685, 0.062), (0.0665, 0.098), (0.0600, 0.121), (0.0545, 0.130), (0.0545, 0.135)]
    parts = [shape.vessel("jar", wall, skin, seed=seed, thick=0.0048, step=0.0012, foot=0.007)]
    root = stand(parts, at, turn)
    if lid or lid_at:
        cap = glaze.glaze("shino lid", "#efe3cb", "#dcb27c", clay="#8a4a30", height=0.3, line=-1, gloss=0.24, seed=seed + 1, speckle=0.3, speck="#4b2a18", coat=0.5, mottle=0.9)
        dome = [(0.0, 0.002), (0.046, 0.002), (0.0465, -0.004), (0.0490, -0.004), (0.0500, 0.0012), (0.0575, 0.0012), (0.0590, 0.0040), (0.054, 0.0095), (0.032, 0.0155), (0.010, 0.0175), (0.0, 0.0176)]
        top = shape.turn("lid", [q for a, b in zip(dome, dome[1:]) for q in (a, tuple((x + y) / 2 for x, y in zip(a, b)))] + [dome[-1]], cap, step=0.0008, rounds=5, seed=seed + 1, rings=0.00008)
        oak = glaze.wood("knob", "#b98a58", "#7a5130", seed=3, plank=9.0, gloss=0.5)
        knob = shape.turn("knob", [(0.0, 0.0165), (0.0085, 0.0166), (0.0075, 0.0225), (0.0105, 0.030), (0.0150, 0.036), (0.0140, 0.041), (0.007, 0.0432), (0.0, 0.0434)], oak, step=0.0007, rounds=6, rings=0)
        cover = stand([top, knob], lid_at[0] if lid_at else (0, 0, 0.1352), 0, lid_at[1] if lid_at else (0, 0, 0))
        if not lid_at:
            cover.parent = root
    return root


def pitcher(at=(0, 0, 0), turn=0.0, seed=9, voxel=0.0009):
    """The pitcher: milk-white gloss over buff clay, a pulled lip and a long handle."""
    skin = glaze.glaze(
        "milk", "#f0ece2", "#dfd6c4", clay="#b48a63", height=0.205, line=0.040, wave=0.010, gloss=0.10, seed=seed, speckle=0.12, rim="#b89468", rim_deep=0.003, coat=0.7, mottle=0.35,
    )
    wall = [(0.042, 0.0), (0.049, 0.005), (0.0595, 0.032), (0.0620, 0.066), (0.0555, 0.108), (0.0445, 0.145), (0.0415, 0.172), (0.0455, 0.196), (0.0490, 0.206)]
    body = shape.vessel("pitcher", wall, skin, seed=seed, thick=0.0043, step=0.0013, foot=0.007)
    # Pull the lip: the rim moves out and up along +x, the throat beside it pinches in.
    for v in body.data.vertices:
        x, y, z = v.co
        up = max(0.0, min(1.0, (z - 0.160) / 0.046))
        a = math.atan2(y, x)
        pull, pinch = math.exp(-((a / 0.36) ** 2)), math.exp(-(((abs(a) - 0.75) / 0.34) ** 2))
        ease = up * up * (3 - 2 * up)
        grow = 1 + ease * (0.40 * pull - 0.07 * pinch)
        v.co = (x * grow, y * (1 - 0.10 * ease * pull) * (1 - 0.05 * ease * pinch), z + ease * 0.007 * pull)
    ear = shape.sweep("ear", [(-0.0425, 0, 0.176), (-0.062, 0, 0.190), (-0.084, 0, 0.178), (-0.091, 0, 0.146), (-0.083, 0, 0.108), (-0.0535, 0, 0.082)], skin, width=0.0175, depth=0.0085, flare=1.5, taper=lambda s: 1.12 - 0.25 * s)
    return stand([shape.weld([body, ear], voxel)], at, turn)


def pear(at=(0, 0, 0), turn=0.0, tip=(0, 0, 0), seed=1, size=1.0):
    """A pear, for company."""
    p = glaze.Paint("pear")
    place = p.place(seed)
    tone = p.mix(p.step(p.noise(place, 18, 3), 0.35, 0.7), "#b3a04a", "#8d8c3c")
    tone = p.mix(p.math("MULTIPLY", p.step(p.noise(place, 14, 2), 0.52, 0.75), 0.6), tone, "#a5562e")
    tone = p.mix(p.math("MULTIPLY", p.specks(place, 420, 0.5, 0.2), 0.55), tone, "#5e4a22")
    skin = p.finish("#a5953f", Base_Color=tone, Roughness=0.42, Specular=0.4, Normal=p.bump(p.math("MULTIPLY", p.noise(place, 90, 3), 0.3)))
    line = [(0.0, 0.004), (0.010, 0.001), (0.024, 0.006), (0.034, 0.022), (0.0345, 0.038), (0.026, 0.058), (0.0165, 0.075), (0.0125, 0.088), (0.006, 0.0945), (0.0, 0.0925)]
    line = [(r * size, z * size) for r, z in line]
    fruit = shape.turn("pear", shape.curve_through(line, 12), skin, step=0.0015, rounds=2, segments=96, seed=seed, wobble=5.0, rings=0)
    stem = shape.rod("stem", shape.curve_through([(0, 0, 0.091 * size), (0.001, 0.001, 0.102 * size), (0.006, 0.002, 0.114 * size)], 8), glaze.plain("bark", "#4b3824"), 0.0016, 1.3)
    return stand([fruit, stem], at, turn, tip)


def egg(at=(0, 0, 0), turn=0.0, tip=(90, 0, 0), seed=1, colour="#d7b08c"):
    """An egg."""
    skin = glaze.plain("shell", colour, 0.5, seed, 0.12, "#b98d68")
    line = [(0.0, 0.0)] + [(0.0215 * math.sin(math.pi * k / 16) * (1 + 0.12 * math.cos(math.pi * k / 16)), 0.0285 * (1 - math.cos(math.pi * k / 16))) for k in range(1, 16)] + [(0.0, 0.057)]
    return stand([shape.turn("egg", line, skin, step=0.0015, rounds=1, segments=64, seed=seed, rings=0, wobble=0.5)], at, turn, tip)


def spoon(at=(0, 0, 0), turn=0.0, tip=(0, 0, 0)):
    """A small wooden spoon along x."""
    oak = glaze.wood("spoon", "#a87a4c", "#6e4a2c", seed=2, plank=9.0, gloss=0.55)
    verts, faces, n, m = [], [], 40, 16
    for i in range(n + 1):
        f = i / n
        x = f * 0.15
        bowl = math.exp(-(((f - 0.14) / 0.13) ** 4))
        half = 0.0042 + 0.0115 * bowl * math.sin(math.pi * min(1, f / 0.285 + 0.04)) ** 0.6 if f < 0.285 else 0.0042 + 0.001 * f
        for k in range(m):
            u = 2 * math.pi * k / m
            y, z = half * math.cos(u), 0.0032 * math.sin(u)
            dip = 0.0055 * bowl * (1 - (y / half) ** 2)
            verts.append((x, y, z - dip + 0.012 * f * f + 0.008))
    for i in range(n):
        for k in range(m):
            faces.append((i * m + k, (i + 1) * m + k, (i + 1) * m + (k + 1) % m, i * m + (k + 1) % m))
    faces += [tuple(range(m)), tuple(n * m + k for k in range(m - 1, -1, -1))]
    return stand([shape.put("spoon", verts, faces, oak)], at, turn, tip)
