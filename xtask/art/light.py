"""The room: a window on the left, a low sun through it, a wall behind, and the camera."""

import math
import random

import bpy
from mathutils import Vector

from glaze import linear
from shape import put


def clear():
    """Empties the file, so that every picture starts alike."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    return scene


def room(left="#f2ead9", right="#5c5248", power=0.35):
    """What the glaze mirrors where nothing stands: a pale wall on the window's side, a dim warm one on the other."""
    world = bpy.data.worlds.new("room")
    bpy.context.scene.world = world
    world.use_nodes = True
    tree = world.node_tree
    at = tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"]
    split = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(at, split.inputs[0])
    span = tree.nodes.new("ShaderNodeMapRange")
    span.interpolation_type = "SMOOTHSTEP"
    span.inputs[1].default_value, span.inputs[2].default_value = -0.9, 0.9
    tree.links.new(split.outputs[0], span.inputs[0])
    mix = tree.nodes.new("ShaderNodeMixRGB")
    mix.inputs[1].default_value, mix.inputs[2].default_value = linear(left), linear(right)
    tree.links.new(span.outputs[0], mix.inputs[0])
    back = tree.nodes["Background"]
    tree.links.new(mix.outputs[0], back.inputs[0])
    back.inputs[1].default_value = power
    # The room is nearly even, so it needs no importance map.
    world.cycles.sampling_method = "NONE"


def window(at=(-0.9, -0.25, 0.75), to=(0, 0, 0.06), size=(0.9, 1.1), power=14.0, colour="#fff5e8", panes=(2, 3)):
    """A window of separate panes, so that a glossy glaze shows its bars."""
    at, to = Vector(at), Vector(to)
    facing = (at - to).to_track_quat("Z", "Y")
    w, h = size[0] / panes[0], size[1] / panes[1]
    for i in range(panes[0]):
        for j in range(panes[1]):
            data = bpy.data.lights.new("pane", "AREA")
            data.shape, data.size, data.size_y = "RECTANGLE", w * 0.9, h * 0.92
            # Upper panes look at more sky.
            data.energy = power / (panes[0] * panes[1]) * (0.75 + 0.5 * (j + 0.5) / panes[1])
            data.color = linear(colour)[:3]
            lamp = bpy.data.objects.new("pane", data)
            offset = Vector(((i + 0.5) * w - size[0] / 2, (j + 0.5) * h - size[1] / 2, 0))
            lamp.location = at + facing @ offset
            lamp.rotation_euler = facing.to_euler()
            bpy.context.scene.collection.objects.link(lamp)


def sun(direction=(0.8, 0.45, -0.62), power=2.6, soft=2.2, colour="#ffe0b8", bars=None, leaves=0, seed=1, far=1.7, aim=(0, 0, 0.06)):
    """A low sun. `bars` = (pane width, pane height, across, up) makes it fall through window bars; `leaves` dapple it."""
    data = bpy.data.lights.new("sun", "SUN")
    data.energy, data.angle, data.color = power, math.radians(soft), linear(colour)[:3]
    lamp = bpy.data.objects.new("sun", data)
    way = Vector(direction).normalized()
    facing = (-way).to_track_quat("Z", "Y")
    lamp.rotation_euler = facing.to_euler()
    bpy.context.scene.collection.objects.link(lamp)
    if not bars:
        return
    pw, ph, across, up = bars
    rnd = random.Random(seed)
    middle = Vector(aim) - way * far
    verts, faces = [], []

    def block(x0, x1, y0, y1):
        base = len(verts)
        verts.extend(tuple(middle + facing @ Vector(c)) for c in ((x0, y0, 0), (x1, y0, 0), (x1, y1, 0), (x0, y1, 0)))
        faces.append((base, base + 1, base + 2, base + 3))

    big, bar = 3.0, 0.03
    wide, tall = pw * across, ph * up
    block(-big, -wide / 2, -big, big)
    block(wide / 2, big, -big, big)
    block(-wide / 2, wide / 2, tall / 2, big)
    block(-wide / 2, wide / 2, -big, -tall / 2)
    for i in range(1, across):
        x = i * pw - wide / 2
        block(x - bar / 2, x + bar / 2, -tall / 2, tall / 2)
    for j in range(1, up):
        y = j * ph - tall / 2
        block(-wide / 2, wide / 2, y - bar / 2, y + bar / 2)
    for _ in range(leaves):
        cx, cy = rnd.uniform(-wide / 2, wide / 2), rnd.uniform(-tall / 2, tall / 2)
        a, size, n = rnd.uniform(0, 6.28), rnd.uniform(0.03, 0.075), 12
        base = len(verts)
        for k in range(n):
            u = 6.283 * k / n
            lx, ly = size * math.cos(u), size * 0.34 * math.sin(u)
            spot = Vector((cx + lx * math.cos(a) - ly * math.sin(a), cy + lx * math.sin(a) + ly * math.cos(a), rnd.uniform(-0.01, 0.25)))
            verts.append(tuple(middle + facing @ spot))
        faces.append(tuple(range(base, base + n)))
    screen = put("bars", verts, faces, smooth=False)
    screen.visible_camera = screen.visible_glossy = screen.visible_diffuse = False


def card(at, to, size, power, colour="#fff4e4"):
    """A soft reflector that lights but is not mirrored."""
    data = bpy.data.lights.new("card", "AREA")
    data.shape, data.size, data.size_y, data.energy = "RECTANGLE", size[0], size[1], power
    data.color = linear(colour)[:3]
    lamp = bpy.data.objects.new("card", data)
    lamp.location = at
    lamp.rotation_euler = (Vector(at) - Vector(to)).to_track_quat("Z", "Y").to_euler()
    lamp.visible_glossy = False
    bpy.context.scene.collection.objects.link(lamp)


def table(material, size=(2.4, 1.6), at=(0, 0.1, 0)):
    """The top things stand on."""
    x, y = size[0] / 2, size[1] / 2
    top = put("table", [(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [(0, 1, 2, 3)], material, smooth=False)
    top.location = at
    return top


def wall(material, y=0.6, height=2.5):
    """The wall behind."""
    return put("wall", [(-3, y, -1), (3, y, -1), (3, y, height), (-3, y, height)], [(0, 1, 2, 3)], material, smooth=False)


def camera(at, to, lens=85, stop=4.0, focus=None, shift=(0, 0)):
    """A full-frame camera, upright format; `focus` is a point in space."""
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_fit, data.sensor_height = lens, "VERTICAL", 36
    data.shift_x, data.shift_y = shift
    data.clip_start = 0.01
    eye = bpy.data.objects.new("camera", data)
    eye.location = at
    eye.rotation_euler = (Vector(at) - Vector(to)).to_track_quat("Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(eye)
    bpy.context.scene.camera = eye
    data.dof.use_dof = True
    data.dof.aperture_fstop, data.dof.aperture_blades = stop, 8
    ahead = (Vector(to) - Vector(at)).normalized()
    data.dof.focus_distance = (Vector(focus or to) - Vector(at)).dot(ahead)
    return eye
