"""Materials, all procedural: glazes on clay, wood, linen, plaster, stone, leaves, drinks. Lengths are metres."""

import bpy


def linear(text):
    """'#rrggbb' as scene-linear RGBA."""
    parts = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts) + (1.0,)


def between(a, b, f):
    """The colour a fraction `f` of the way from a to b, both '#rrggbb'."""
    return tuple(x + (y - x) * f for x, y in zip(linear(a), linear(b)))


class Paint:
    """A material being built: each method adds a node and returns its output socket."""

    def __init__(self, name):
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.out = self.tree.nodes.new("ShaderNodeOutputMaterial")

    def node(self, kind, ins, **settings):
        n = self.tree.nodes.new("ShaderNode" + kind)
        for key, value in settings.items():
            setattr(n, key, value)
        for key, value in ins.items():
            socket = n.inputs[key]
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            elif isinstance(value, str):
                socket.default_value = linear(value)
            else:
                socket.default_value = value
        return n

    def math(self, op, a, b=0.0, clamp=False):
        return self.node("Math", {0: a, 1: b}, operation=op, use_clamp=clamp).outputs[0]

    def step(self, x, low, high):
        """Smoothly 0 below `low`, 1 above `high`."""
        return self.node("MapRange", {0: x, 1: low, 2: high}, interpolation_type="SMOOTHSTEP").outputs[0]

    def mix(self, f, a, b, how="MIX"):
        return self.node("MixRGB", {0: f, 1: a, 2: b}, blend_type=how).outputs[0]

    def blend(self, f, a, b):
        """A number between a (f = 0) and b (f = 1)."""
        return self.node("MapRange", {0: f, 1: 0.0, 2: 1.0, 3: a, 4: b}).outputs[0]

    def place(self, seed=0, scale=(1, 1, 1)):
        """Object coordinates, shifted by the seed so that no two pieces look alike."""
        at = self.node("TexCoord", {}).outputs["Object"]
        return self.node("Mapping", {"Vector": at, "Location": (seed * 1.37, seed * 0.71, seed * 2.13), "Scale": scale}).outputs[0]

    def noise(self, at, scale, detail=2.0, rough=0.5, warp=0.0):
        return self.node("TexNoise", {"Vector": at, "Scale": scale, "Detail": detail, "Roughness": rough, "Distortion": warp}).outputs[0]

    def cells(self, at, scale, feature="F1"):
        return self.node("TexVoronoi", {"Vector": at, "Scale": scale}, feature=feature)

    def specks(self, at, scale, share, size=0.22, grid=None):
        """Round specks in a `share` of the cells of a grid `scale` per metre; `grid` reuses the cells of another layer."""
        n = grid or self.cells(at, scale)
        parts = self.node("SeparateColor", {0: n.outputs["Color"]})
        there = self.math("LESS_THAN", parts.outputs[0], share)
        radius = self.math("MULTIPLY_ADD", parts.outputs[1], size)
        radius.node.inputs[2].default_value = size * 0.35
        inside = self.math("SUBTRACT", 1.0, self.step(self.math("DIVIDE", n.outputs["Distance"], radius), 0.45, 1.0))
        return self.math("MULTIPLY", there, inside)

    def bump(self, height, strength=1.0):
        """`height` is in millimetres."""
        return self.node("Bump", {"Height": height, "Distance": 0.001, "Strength": strength}).outputs[0]

    def finish(self, bounce, **ins):
        """Closes the material. Light that bounces off it for a second time sees only the colour `bounce`: three times as fast, and nobody can tell."""
        full = self.node("BsdfPrincipled", {k.replace("_", " "): v for k, v in ins.items()})
        plain = self.node("BsdfDiffuse", {"Color": bounce})
        ray = self.node("LightPath", {}).outputs["Is Diffuse Ray"]
        both = self.node("MixShader", {0: ray, 1: full.outputs[0], 2: plain.outputs[0]})
        self.tree.links.new(both.outputs[0], self.out.inputs[0])
        return self.material


def glaze(
    name, colour, pool, clay="#a98564", height=0.1, line=0.012, wave=0.003, gloss=0.16, second=None, drip=None, speckle=0.0,
    speck="#4a3524", crackle=0.0, inside=None, reach=1.0, rim=None, rim_deep=0.004, seed=1, fine=0.5, mottle=0.5, coat=0.6, sheen=None,
):
    """A glaze over clay.

    `colour` where it lies thin, `pool` where thick; bare clay below `line`; `second` is another glaze over the top that ends at
    `drip` = (z, run) in long runs; `inside` another colour within the radius `reach`; `rim` the clay showing through at the edge.
    """
    p = Paint(name)
    at = p.place(seed)
    raw = p.node("TexCoord", {})
    xyz = p.node("SeparateXYZ", {0: raw.outputs["Object"]})
    x, y, z = xyz.outputs
    radius = p.math("SQRT", p.math("ADD", p.math("MULTIPLY", x, x), p.math("MULTIPLY", y, y)))
    flat = p.node("CombineXYZ", {0: p.math("DIVIDE", x, radius), 1: p.math("DIVIDE", y, radius), 2: float(seed)}).outputs[0]

    cloud = p.noise(at, 28, 3, 0.55)
    small = p.noise(at, 160, 2, 0.6)
    thick = p.math("ADD", p.math("MULTIPLY", p.math("SUBTRACT", cloud, 0.5), 2.2 * mottle), p.math("MULTIPLY", p.math("SUBTRACT", small, 0.5), 1.1 * mottle))
    # Glaze runs while it is molten: thicker lower down.
    thick = p.math("ADD", thick, p.blend(p.math("DIVIDE", z, height), 0.75, 0.2), True)
    tone = p.mix(thick, colour, pool)

    edge_height = None
    if second:
        top, top_pool = second
        # Broad tongues and narrower runs, both with round ends.
        tongues = p.step(p.noise(flat, 1.6, 0), 0.34, 0.60)
        fingers = p.math("POWER", p.step(p.noise(p.node("Mapping", {"Vector": flat, "Location": (4.0, 1.0, 7.0)}).outputs[0], 3.2, 0), 0.40, 0.66), 0.5)
        low = p.math("ADD", p.math("MULTIPLY", tongues, drip[1] * -0.9), p.math("MULTIPLY", fingers, drip[1] * -0.75))
        low = p.math("ADD", low, p.math("MULTIPLY", p.noise(flat, 9, 0), drip[1] * 0.10))
        rise = p.math("SUBTRACT", z, p.math("ADD", low, drip[0]))
        over = p.step(rise, -0.0012, 0.0016)
        halo = p.math("SUBTRACT", p.step(rise, -0.009, 0.001), over)
        bead = p.math("SUBTRACT", 1.0, p.step(rise, 0.0, 0.016))
        veil = p.step(p.noise(p.place(seed + 3, (1, 1, 0.35)), 90, 3, 0.65), 0.35, 0.75)
        upper = p.mix(p.math("ADD", p.math("MULTIPLY", veil, 0.75), p.math("MULTIPLY", bead, 0.25), True), top, top_pool)
        tone = p.mix(p.math("MULTIPLY", halo, 0.5), tone, top_pool)
        tone = p.mix(over, tone, upper)
        edge_height = p.math("MULTIPLY", over, p.blend(bead, 0.25, 0.6))

    within = None
    if inside:
        normal = p.node("SeparateXYZ", {0: raw.outputs["Normal"]})
        outward = p.math("DIVIDE", p.math("ADD", p.math("MULTIPLY", x, normal.outputs[0]), p.math("MULTIPLY", y, normal.outputs[1])), radius)
        lean = p.math("SUBTRACT", outward, p.math("MULTIPLY", normal.outputs[2], 0.6))
        lean = p.math("ADD", lean, p.math("MULTIPLY", p.math("SUBTRACT", small, 0.5), 0.5))
        within = p.math("MULTIPLY", p.step(p.math("MULTIPLY", lean, -1.0), 0.0, 0.25), p.math("LESS_THAN", radius, reach))
        tone = p.mix(within, tone, p.mix(p.math("MULTIPLY", cloud, 0.5), inside[0], inside[1]))

    dots = None
    if speckle:
        grid = p.cells(at, 210)
        big = p.specks(at, 210, 0.30 * speckle, 0.26, grid)
        tiny = p.specks(p.place(seed + 9), 520, 0.34 * speckle * (0.5 + fine), 0.24)
        dots = p.math("MAXIMUM", p.math("MULTIPLY", big, 0.85), p.math("MULTIPLY", tiny, 0.6))
        halo = p.specks(at, 210, 0.30 * speckle, 0.5, grid)
        tone = p.mix(p.math("MULTIPLY", halo, 0.16), tone, speck)
        tone = p.mix(dots, tone, speck)

    craze = None
    if crackle:
        bent = p.node("MixRGB", {0: 0.012, 1: at, 2: p.node("TexNoise", {"Vector": at, "Scale": 40.0}).outputs[1]}).outputs[0]
        wide = p.math("SUBTRACT", 1.0, p.step(p.cells(bent, 120, "DISTANCE_TO_EDGE").outputs[0], 0.003, 0.026))
        thin = p.math("SUBTRACT", 1.0, p.step(p.cells(bent, 300, "DISTANCE_TO_EDGE").outputs[0], 0.004, 0.035))
        fade = p.step(p.noise(at, 35), 0.35, 0.6)
        craze = p.math("MAXIMUM", wide, p.math("MULTIPLY", p.math("MULTIPLY", thin, fade), 0.6))
        tone = p.mix(p.math("MULTIPLY", craze, crackle), tone, "#6a5138")

    if rim:
        worn = p.math("ADD", z, p.math("MULTIPLY", p.math("SUBTRACT", small, 0.5), rim_deep * 1.6))
        bare_rim = p.step(worn, height - rim_deep, height - rim_deep * 0.15)
        tone = p.mix(p.math("MULTIPLY", bare_rim, 0.85), tone, rim)

    # Bare clay at the foot, a darker line where the glaze stops.
    drift = p.math("MULTIPLY", p.math("SUBTRACT", p.noise(flat, 1.8, 2, 0.55), 0.5), wave * 2)
    over_line = p.math("SUBTRACT", z, p.math("ADD", drift, line))
    glazed = p.step(over_line, -0.0003, 0.0004)
    if within is not None:
        glazed = p.math("MAXIMUM", glazed, within)
    rust = p.math("SUBTRACT", p.step(over_line, -0.0035, 0.0), glazed, True)
    grain = p.noise(at, 1500, 2, 0.7)
    body = p.mix(p.math("MULTIPLY", p.noise(at, 60, 2, 0.6), 0.55), clay, "#6e4f38")
    body = p.mix(p.math("MULTIPLY", p.step(grain, 0.5, 0.75), 0.35), body, "#e0c8a8")
    body = p.mix(p.math("MULTIPLY", p.math("SUBTRACT", 1.0, p.step(grain, 0.27, 0.36)), 0.75), body, "#3c2a1e")
    body = p.mix(p.math("MULTIPLY", rust, 0.45), body, "#7a4526")
    base = p.mix(glazed, body, tone)

    rough = p.math("ADD", gloss, p.math("MULTIPLY", p.math("SUBTRACT", small, 0.5), 0.14))
    if rim:
        rough = p.math("ADD", rough, p.math("MULTIPLY", bare_rim, 0.2))
    if dots is not None:
        rough = p.math("ADD", rough, p.math("MULTIPLY", dots, 0.15))
    height_mm = p.math("MULTIPLY", p.noise(at, 420, 1), 0.035)
    height_mm = p.math("ADD", height_mm, p.math("MULTIPLY", p.noise(at, 28, 1), 0.5))
    if edge_height is not None:
        height_mm = p.math("ADD", height_mm, edge_height)
    clay_mm = p.math("SUBTRACT", p.math("MULTIPLY", grain, 0.16), 0.35)
    total = p.blend(glazed, clay_mm, height_mm)
    return p.finish(
        bounce=colour,
        Base_Color=base,
        Roughness=p.blend(glazed, 0.85, rough),
        Specular=0.5,
        Clearcoat=p.math("MULTIPLY", glazed, coat),
        Clearcoat_Roughness=max(0.03, gloss * 0.5),
        Normal=p.bump(total),
    )


def wood(name, light="#b98d5f", dark="#7d5433", seed=1, plank=0.16, gloss=0.5):
    """Oiled planks along x."""
    p = Paint(name)
    raw = p.node("TexCoord", {}).outputs["Object"]
    # A plank's middle lies on the axis, so that a small thing is cut from one.
    raw = p.node("Mapping", {"Vector": raw, "Location": (0, plank / 2, 0)}).outputs[0]
    xyz = p.node("SeparateXYZ", {0: raw})
    row = p.math("FLOOR", p.math("DIVIDE", xyz.outputs[1], plank))
    within = p.math("FRACT", p.math("DIVIDE", xyz.outputs[1], plank))
    shift = p.math("MULTIPLY", row, 3.7)
    at = p.node("CombineXYZ", {0: p.math("ADD", xyz.outputs[0], shift), 1: p.math("ADD", xyz.outputs[1], p.math("MULTIPLY", row, 0.31 + seed)), 2: xyz.outputs[2]}).outputs[0]
    long = p.node("Mapping", {"Vector": at, "Scale": (1.5, 16, 16)}).outputs[0]
    bend = p.noise(long, 1.6, 2, 0.5)
    year = p.math("FRACT", p.math("MULTIPLY", bend, 9.0))
    year = p.math("MULTIPLY", p.step(year, 0.0, 0.85), p.math("SUBTRACT", 1.0, p.step(year, 0.88, 1.0)))
    fibre = p.noise(p.node("Mapping", {"Vector": at, "Scale": (14, 520, 520)}).outputs[0], 1.0, 2, 0.65)
    pores = p.step(p.noise(p.node("Mapping", {"Vector": at, "Scale": (40, 1500, 1500)}).outputs[0], 1.0, 1, 0.6), 0.62, 0.72)
    wide = p.noise(p.node("Mapping", {"Vector": at, "Scale": (2, 9, 9)}).outputs[0], 1.0, 1)
    f = p.math("ADD", p.math("MULTIPLY", year, 0.42), p.math("MULTIPLY", fibre, 0.4))
    f = p.math("ADD", f, p.math("MULTIPLY", p.math("SUBTRACT", wide, 0.5), 0.7), True)
    tone = p.mix(f, light, dark)
    tone = p.mix(p.math("MULTIPLY", pores, 0.45), tone, "#3a2616")
    gap = p.math("MULTIPLY", p.step(within, 0.0, 0.008), p.math("SUBTRACT", 1.0, p.step(within, 0.992, 1.0)))
    tone = p.mix(p.math("SUBTRACT", 1.0, gap), tone, "#20140c")
    mm = p.math("ADD", p.math("MULTIPLY", fibre, 0.12), p.math("MULTIPLY", gap, 0.8))
    return p.finish(between(light, dark, 0.4), Base_Color=tone, Roughness=p.math("ADD", gloss - 0.12, p.math("MULTIPLY", fibre, 0.25)), Specular=0.4, Normal=p.bump(mm))


def linen(name, colour="#cfc4b0", dark="#a3957d", seed=1):
    """Woven flax: uneven threads both ways."""
    p = Paint(name)
    at = p.place(seed)
    warp = p.noise(p.node("Mapping", {"Vector": at, "Scale": (1500, 60, 60)}).outputs[0], 1.0, 2, 0.6)
    weft = p.noise(p.node("Mapping", {"Vector": at, "Scale": (60, 1500, 60)}).outputs[0], 1.0, 2, 0.6)
    slub = p.step(p.noise(p.node("Mapping", {"Vector": at, "Scale": (25, 620, 25)}).outputs[0], 1.0, 1), 0.66, 0.75)
    weave = p.math("MAXIMUM", warp, weft)
    f = p.step(p.math("ADD", weave, p.math("MULTIPLY", p.noise(at, 2600, 2), 0.3)), 0.58, 0.92)
    tone = p.mix(f, dark, colour)
    tone = p.mix(p.math("MULTIPLY", slub, 0.22), tone, "#efe7d8")
    mm = p.math("ADD", p.math("MULTIPLY", weave, 0.42), p.math("MULTIPLY", slub, 0.1))
    return p.finish(between(colour, dark, 0.3), Base_Color=tone, Roughness=0.95, Specular=0.15, Sheen=0.35, Normal=p.bump(mm))


def plaster(name, colour="#d9cdbd", dark="#bfae9a", seed=1, rough=0.9, relief=1.0):
    """A wall of lime plaster, brushed unevenly."""
    p = Paint(name)
    at = p.place(seed)
    wide = p.noise(at, 2.2, 3, 0.6)
    strokes = p.noise(p.place(seed + 2, (1, 1, 2.2)), 9, 4, 0.62, 0.8)
    f = p.math("ADD", p.math("MULTIPLY", p.math("SUBTRACT", wide, 0.5), 1.3), p.math("MULTIPLY", p.math("SUBTRACT", strokes, 0.5), 0.9))
    tone = p.mix(p.math("ADD", f, 0.45, True), colour, dark)
    mm = p.math("ADD", p.math("MULTIPLY", strokes, 2.4 * relief), p.math("MULTIPLY", p.noise(at, 240, 1, 0.65), 0.25 * relief))
    return p.finish(between(colour, dark, 0.45), Base_Color=tone, Roughness=rough, Specular=0.2, Normal=p.bump(mm))


def stone(name, colour="#c9bda9", dark="#a08f78", seed=1, pits=1.0, vein=None, gloss=0.6):
    """Limestone: clouds, bedding and pits; `vein` draws thin lines through it."""
    p = Paint(name)
    at = p.place(seed)
    bed = p.noise(p.place(seed + 1, (1, 1, 5)), 9, 4, 0.62)
    grain = p.noise(at, 420, 2, 0.7)
    tone = p.mix(p.step(bed, 0.3, 0.72), colour, dark)
    tone = p.mix(p.math("MULTIPLY", p.step(grain, 0.45, 0.7), 0.22), tone, "#f1e9da")
    hole = p.math("MULTIPLY", p.specks(p.place(seed + 4, (1, 1, 1.8)), 85, 0.3 * pits, 0.3), p.step(bed, 0.42, 0.6))
    hole = p.math("MAXIMUM", hole, p.math("MULTIPLY", p.specks(at, 330, 0.16 * pits, 0.3), 0.7))
    tone = p.mix(p.math("MULTIPLY", hole, 0.6), tone, "#5d4d3b")
    if vein:
        bent = p.noise(at, 6, 6, 0.6, 2.2)
        thread = p.math("SUBTRACT", 1.0, p.step(p.math("ABSOLUTE", p.math("SUBTRACT", bent, 0.5)), 0.0, 0.018))
        tone = p.mix(p.math("MULTIPLY", thread, 0.5), tone, vein)
    mm = p.math("MULTIPLY", grain, 0.12)
    return p.finish(between(colour, dark, 0.45), Base_Color=tone, Roughness=p.math("ADD", gloss, p.math("MULTIPLY", hole, 0.25)), Specular=0.4, Normal=p.bump(mm))


def foliage(name, colour="#6f7a58", back="#a2a588", seed=1):
    """Leaves that let a little light through."""
    p = Paint(name)
    at = p.place(seed)
    facing = p.node("NewGeometry", {}).outputs["Backfacing"]
    tone = p.mix(p.math("MULTIPLY", p.noise(at, 40, 3), 0.6), colour, "#8d8a5c")
    tone = p.mix(facing, tone, back)
    shade = p.node("BsdfPrincipled", {"Base Color": tone, "Roughness": 0.6, "Specular": 0.3})
    through = p.node("BsdfTranslucent", {"Color": tone})
    both = p.node("MixShader", {0: 0.3, 1: shade.outputs[0], 2: through.outputs[0]})
    p.tree.links.new(both.outputs[0], p.out.inputs[0])
    return p.material


def plain(name, colour, rough=0.7, seed=1, vary=0.25, other=None):
    """One colour with a little life in it: stems, fruit, bristles."""
    p = Paint(name)
    tone = p.mix(p.math("MULTIPLY", p.noise(p.place(seed), 60, 4), vary * 2), colour, other or "#5a4a36")
    return p.finish(colour, Base_Color=tone, Roughness=rough, Specular=0.3)


def drink(name, colour, froth=None, radius=0.03, seed=1):
    """Tea or coffee; `froth` is the colour of a crema gathered at the edge."""
    p = Paint(name)
    tone = colour
    rough = 0.04
    normal = p.bump(p.math("MULTIPLY", p.noise(p.place(seed), 30, 1), 0.15))
    if froth:
        at = p.place(seed)
        swirl = p.noise(at, 30, 3, 0.55, 1.2)
        bubbles = p.cells(at, 1500).outputs["Distance"]
        tone = p.mix(p.math("MULTIPLY", p.step(swirl, 0.3, 0.75), 0.55), froth, colour)
        tone = p.mix(p.math("MULTIPLY", p.step(bubbles, 0.25, 0.6), 0.25), tone, "#d6a566")
        return p.finish(colour, Base_Color=tone, Roughness=0.28, Specular=0.5, Clearcoat=0.4, Clearcoat_Roughness=0.15, Normal=normal)
    return p.finish(colour, Base_Color=tone, Roughness=rough, Specular=0.5, Normal=normal)
