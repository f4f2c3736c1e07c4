"""Shapes: vessels turned from a profile, handles and spouts swept along a path, leaves, cloth, slabs.

All lengths are metres, z is up, and every vessel stands on z = 0. Every random choice takes a seed.
"""

import math
import random

import bpy


def put(name, verts, faces, material=None, smooth=True):
    """Makes a mesh object in the scene and returns it."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(verts, [], faces)
    mesh.update()
    if smooth:
        mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    if material:
        mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def curve_through(points, per=20):
    """Samples a Catmull-Rom curve through points of any dimension."""
    out = []
    for i in range(len(points) - 1):
        p0, p1 = points[max(i - 1, 0)], points[i]
        p2, p3 = points[i + 1], points[min(i + 2, len(points) - 1)]
        for k in range(per):
            t = k / per
            out.append(
                tuple(
                    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)
                    for a, b, c, d in zip(p0, p1, p2, p3)
                )
            )
    out.append(tuple(points[-1]))
    return out


def even(points, step):
    """Walks a polyline in equal steps, so that smoothing rounds each corner alike."""
    total = sum(math.dist(a, b) for a, b in zip(points, points[1:]))
    count = max(8, int(total / step))
    out, want, gone = [points[0]], total / count, 0.0
    for a, b in zip(points, points[1:]):
        piece = math.dist(a, b)
        while piece > 0 and gone + piece >= want * len(out) and len(out) < count:
            f = (want * len(out) - gone) / piece
            out.append(tuple(x + (y - x) * f for x, y in zip(a, b)))
        gone += piece
    out.append(points[-1])
    return out


def soften(points, rounds):
    """Relaxes a polyline: clay has no sharp edge."""
    points = list(points)
    for _ in range(rounds):
        inner = [
            tuple(0.25 * a + 0.5 * b + 0.25 * c for a, b, c in zip(points[i - 1], points[i], points[i + 1]))
            for i in range(1, len(points) - 1)
        ]
        points = [points[0]] + inner + [points[-1]]
    return points


def turn(name, profile, material, step=0.0011, rounds=5, segments=200, seed=1, wobble=1.0, rings=0.00012):
    """Turns a profile [(r, z)], from axis to axis, on the wheel: slightly oval, with faint spiral throwing rings."""
    rnd = random.Random(seed)
    line = soften(even(profile, step), rounds)
    line[0], line[-1] = (0.0, line[0][1]), (0.0, line[-1][1])
    top = max(z for _, z in line) or 1.0
    oval, oval_at = 0.006 * wobble, rnd.uniform(0, 6.28)
    tilt, tilt_at = 0.0006 * wobble, rnd.uniform(0, 6.28)
    pitch = rnd.uniform(0.0052, 0.0068)
    verts, faces = [(0.0, 0.0, line[0][1])], []
    for r, z in line[1:-1]:
        up = max(0.0, z / top)
        for k in range(segments):
            a = 2 * math.pi * k / segments
            strength = rings * min(1.0, up * 3) * (0.6 + 0.4 * math.sin(9 * up + seed))
            rr = r * (1 + oval * up * math.cos(2 * a + oval_at) + 0.3 * oval * math.cos(3 * a + tilt_at))
            rr += strength * math.sin(6.283 * z / pitch + a)
            zz = z + tilt * up * up * math.cos(a + tilt_at) * (r / 0.05)
            verts.append((rr * math.cos(a), rr * math.sin(a), zz))
    verts.append((0.0, 0.0, line[-1][1]))
    rows, last = len(line) - 2, len(verts) - 1
    for k in range(segments):
        n = (k + 1) % segments
        faces.append((0, 1 + n, 1 + k))
        for i in range(rows - 1):
            a, b = 1 + i * segments, 1 + (i + 1) * segments
            faces.append((a + k, a + n, b + n, b + k))
        b = 1 + (rows - 1) * segments
        faces.append((b + k, b + n, last))
    return put(name, verts, faces, material)


def vessel(name, wall, material, thick=0.0042, foot=0.006, depth=0.003, floor=0.007, **turning):
    """An open vessel. `wall` is its outside, [(r, z)] from the foot's outer edge up to the rim; the inside follows it."""
    outside = even(curve_through(wall), 0.001)
    inside = []
    for i, (r, z) in enumerate(outside):
        a, b = outside[max(i - 1, 0)], outside[min(i + 1, len(outside) - 1)]
        dr, dz = b[0] - a[0], b[1] - a[1]
        size = math.hypot(dr, dz) or 1.0
        # Thicker towards the foot, as a thrown wall is.
        t = thick * (1.35 - 0.35 * i / len(outside))
        ri, zi = r - t * dz / size, z + t * dr / size
        if zi >= floor and ri > 0.002 and (not inside or zi >= inside[-1][1] or ri != inside[-1][0]):
            inside.append((ri, zi))
    (ro, zo), (ri, zi) = outside[-1], inside[-1]
    cr, cz, half = (ro + ri) / 2, (zo + zi) / 2, math.dist(outside[-1], inside[-1]) / 2
    lean = math.atan2(zo - zi, ro - ri)
    rim = [(cr + half * math.cos(lean + math.pi * k / 8), cz + half * math.sin(lean + math.pi * k / 8)) for k in range(1, 8)]
    edge = max(wall[0][0] - foot, 0.004)
    under = [(0.0, depth), (edge - 0.002, depth), (edge, 0.0), (wall[0][0] - 0.0005, 0.0)]
    first = inside[0]
    profile = under + outside + rim + inside[::-1] + [(first[0] * 0.6, floor), (0.0, floor)]
    return turn(name, profile, material, **turning)


def sweep(name, path, material, width=0.009, depth=0.006, flare=1.7, rows=90, around=28, taper=None):
    """A handle: an oval section swept along points (x, y, z) near the plane y = 0, wider where it meets the wall."""
    line = even(curve_through(path), sum(math.dist(a, b) for a, b in zip(path, path[1:])) / rows)
    verts, faces = [], []
    count = len(line)
    for i, p in enumerate(line):
        a, b = line[max(i - 1, 0)], line[min(i + 1, count - 1)]
        tx, tz = b[0] - a[0], b[2] - a[2]
        size = math.hypot(tx, tz) or 1.0
        nx, nz = -tz / size, tx / size
        s = i / (count - 1)
        ends = max(math.exp(-s / 0.05), math.exp(-(1 - s) / 0.05))
        scale = 1 + (flare - 1) * ends
        if taper:
            scale *= taper(s)
        for k in range(around):
            u = 2 * math.pi * k / around
            w, d = width / 2 * scale * math.cos(u), depth / 2 * scale * math.sin(u)
            verts.append((p[0] + nx * d, p[1] + w, p[2] + nz * d))
    for i in range(count - 1):
        for k in range(around):
            n = (k + 1) % around
            faces.append((i * around + k, i * around + n, (i + 1) * around + n, (i + 1) * around + k))
    faces.append(tuple(range(around - 1, -1, -1)))
    faces.append(tuple((count - 1) * around + k for k in range(around)))
    return put(name, verts, faces, material)


def spout(name, path, radii, material, wall=0.0028, around=40):
    """A hollow spout along path (x, 0, z); `radii` are its outer radii at the same points."""
    both = even(curve_through([(*p, r) for p, r in zip(path, radii)], 16), 0.0015)
    count = len(both)

    def ring(i, shrink):
        a, b = both[max(i - 1, 0)], both[min(i + 1, count - 1)]
        tx, tz = b[0] - a[0], b[2] - a[2]
        size = math.hypot(tx, tz) or 1.0
        nx, nz = -tz / size, tx / size
        x, y, z, r = both[i]
        r -= shrink
        return [
            (x + nx * r * math.sin(2 * math.pi * k / around), y + r * math.cos(2 * math.pi * k / around), z + nz * r * math.sin(2 * math.pi * k / around))
            for k in range(around)
        ]

    rings = [ring(i, 0) for i in range(count)] + [ring(i, wall) for i in range(count - 1, count // 3, -1)]
    verts = [v for r in rings for v in r]
    faces = []
    for i in range(len(rings) - 1):
        for k in range(around):
            n = (k + 1) % around
            faces.append((i * around + k, i * around + n, (i + 1) * around + n, (i + 1) * around + k))
    faces.append(tuple(range(around - 1, -1, -1)))
    faces.append(tuple((len(rings) - 1) * around + k for k in range(around)))
    return put(name, verts, faces, material)


def weld(parts, voxel=0.0007, rounds=7):
    """Joins parts into one skin with soft seams, as slip and a wet finger would."""
    body = parts[0]
    bpy.ops.object.select_all(action="DESELECT")
    for part in parts:
        part.select_set(True)
    bpy.context.view_layer.objects.active = body
    bpy.ops.object.join()
    remesh = body.modifiers.new("skin", "REMESH")
    remesh.mode, remesh.voxel_size, remesh.use_smooth_shade = "VOXEL", voxel, True
    relax = body.modifiers.new("relax", "SMOOTH")
    relax.factor, relax.iterations = 0.5, rounds
    return body


def disc(name, radius, z, material, rings=24, around=96, lift=0.0):
    """A filled disc, such as tea in a cup; `lift` raises the meniscus at its edge."""
    verts, faces = [(0, 0, z)], []
    for i in range(1, rings + 1):
        f = i / rings
        for k in range(around):
            a = 2 * math.pi * k / around
            verts.append((radius * f * math.cos(a), radius * f * math.sin(a), z + lift * f**16))
    for k in range(around):
        n = (k + 1) % around
        faces.append((0, 1 + k, 1 + n))
        for i in range(rings - 1):
            a, b = 1 + i * around, 1 + (i + 1) * around
            faces.append((a + k, b + k, b + n, a + n))
    return put(name, verts, faces, material)


def slab(name, size, at, material, bevel=0.003):
    """A block with softened edges; `at` is the middle of its top."""
    x, y, z = (s / 2 for s in size)
    verts = [(sx * x, sy * y, sz * z - z) for sx in (-1, 1) for sy in (-1, 1) for sz in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    block = put(name, verts, faces, material, smooth=False)
    block.location = at
    edge = block.modifiers.new("edge", "BEVEL")
    edge.width, edge.segments = bevel, 4
    return block


def drape(name, width, length, material, folds, seed=1, cell=0.0035, thick=0.0008, flat=None):
    """A cloth lying with folds. `folds` is [(x, y, angle, height, spread, reach)]: ridges running along `angle`. Something heavy on
    `flat` = (x, y, radius) presses it smooth.
    """
    rnd = random.Random(seed)
    waves = [(rnd.uniform(8, 30), rnd.uniform(8, 30), rnd.uniform(0, 6.28), rnd.uniform(0.0001, 0.0005)) for _ in range(10)]
    nx, ny = int(width / cell), int(length / cell)
    verts, faces = [], []
    for j in range(ny + 1):
        for i in range(nx + 1):
            x, y = (i / nx - 0.5) * width, (j / ny - 0.5) * length
            z, free = 0.0011, 1.0
            if flat:
                far = max(0.0, min(1.0, (math.hypot(x - flat[0], y - flat[1]) - flat[2] * 0.75) / (flat[2] * 0.45)))
                free = 0.05 + 0.95 * far * far * (3 - 2 * far)
            for kx, ky, at, high in waves:
                z += free * high * (1 + math.sin(kx * x + ky * y + at))
            for fx, fy, angle, high, spread, reach in folds:
                along = (x - fx) * math.cos(angle) + (y - fy) * math.sin(angle)
                across = -(x - fx) * math.sin(angle) + (y - fy) * math.cos(angle)
                across += 0.012 * math.sin(along * 14 + fx * 40) + 0.006 * math.sin(along * 37)
                body = math.exp(-((across / spread) ** 2)) * math.exp(-((along / reach) ** 4))
                # One side of a fold is steeper: the cloth leans over.
                z += free * high * body * (1 + 0.35 * math.tanh(across / spread * 2))
            # The hem is doubled.
            hem = min(width / 2 - abs(x), length / 2 - abs(y))
            if hem < 0.009:
                z += 0.0007
            verts.append((x + 0.0015 * math.sin(y * 23 + seed), y + 0.0015 * math.sin(x * 19 + seed), z))
    for j in range(ny):
        for i in range(nx):
            a = j * (nx + 1) + i
            faces.append((a, a + 1, a + nx + 2, a + nx + 1))
    cloth = put(name, verts, faces, material)
    skin = cloth.modifiers.new("thick", "SOLIDIFY")
    skin.thickness, skin.offset = thick, 1.0
    return cloth


def leaf(length, width, curl, rnd):
    """The mesh of one lens-shaped leaf along +x, folded on its middle."""
    verts, faces, n = [], [], 9
    for i in range(n + 1):
        f = i / n
        half = width / 2 * math.sin(math.pi * f**0.8) ** 0.9
        droop = -curl * length * f * f
        fold = 0.35 * half
        verts += [(f * length, -half, droop + fold), (f * length, 0, droop), (f * length, half, droop + fold)]
    for i in range(n):
        a = i * 3
        faces += [(a, a + 3, a + 4, a + 1), (a + 1, a + 4, a + 5, a + 2)]
    return verts, faces


def branch(name, path, stem, leaf_material, leaves=24, size=(0.045, 0.013), start=0.35, seed=1, thick=0.0016, spread=0.9):
    """A leafy twig through points (x, y, z)."""
    from mathutils import Euler, Vector

    rnd = random.Random(seed)
    line = curve_through(path, 24)
    rod(name + " stem", line, stem, thick)
    verts, faces = [], []
    for k in range(leaves):
        f = start + (1 - start) * (k / max(1, leaves - 1))
        i = min(len(line) - 2, int(f * (len(line) - 1)))
        at = Vector(line[i])
        ahead = (Vector(line[i + 1]) - at).normalized()
        side = ahead.cross(Vector((math.cos(k * 2.4), math.sin(k * 2.4), 0.3))).normalized()
        grow = (ahead * rnd.uniform(0.35, 0.8) + side * spread).normalized()
        shrink = rnd.uniform(0.7, 1.1) * (1.1 - 0.5 * f)
        mesh, quads = leaf(size[0] * shrink, size[1] * shrink, rnd.uniform(-0.05, 0.3), rnd)
        turn_to = grow.to_track_quat("X", "Z").to_matrix()
        roll = Euler((rnd.uniform(-0.7, 0.7), 0, 0)).to_matrix()
        base = len(verts)
        verts += [tuple(at + turn_to @ (roll @ Vector(v))) for v in mesh]
        faces += [tuple(base + q for q in quad) for quad in quads]
    return put(name, verts, faces, leaf_material)


def rod(name, line, material, thick=0.0015, thin=0.5):
    """A thin tapering rod through points, such as a stem."""
    data = bpy.data.curves.new(name, "CURVE")
    data.dimensions, data.bevel_depth, data.bevel_resolution = "3D", thick, 3
    data.use_fill_caps = True
    data.materials.append(material)
    piece = data.splines.new("POLY")
    piece.points.add(len(line) - 1)
    for i, p in enumerate(line):
        piece.points[i].co = (*p, 1)
        piece.points[i].radius = 1 - (1 - thin) * i / (len(line) - 1)
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def tuft(name, at, ahead, material, size=(0.034, 0.011), hairs=1500, seed=1):
    """A soft seed head: an egg of fine bristles (a hare's-tail grass)."""
    from mathutils import Vector

    rnd = random.Random(seed)
    axis = Vector(ahead).normalized()
    side = axis.orthogonal().normalized()
    other = axis.cross(side)
    verts, faces = [], []
    for _ in range(hairs):
        f, a = rnd.random(), rnd.uniform(0, 6.283)
        r = size[1] * math.sin(math.pi * (0.06 + 0.9 * f)) ** 0.7 * rnd.uniform(0.3, 0.8)
        out = side * math.cos(a) + other * math.sin(a)
        root = Vector(at) + axis * (f * size[0]) + out * r
        tip = root + (out * 0.75 + axis * rnd.uniform(0.5, 1.3)).normalized() * size[1] * rnd.uniform(0.4, 0.95)
        across = axis.cross(out).normalized() * 0.00022
        base = len(verts)
        verts += [tuple(root - across), tuple(root + across), tuple(tip)]
        faces.append((base, base + 1, base + 2))
    return put(name, verts, faces, material)
