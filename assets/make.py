#!/usr/bin/env python3
"""Writes every model and texture in this folder. Needs Python 3.9 or later and nothing else.

    python3 assets/make.py            write the files
    python3 assets/make.py --check    say whether the files here are what this script writes

The same numbers come out every time and everywhere: noise is made of integers and plain arithmetic, and coordinates that
went through sines are rounded to a micrometre. PNG files may be packed differently by another zlib; `--check` therefore
compares what is in them.

Conventions: metres, +Y up, glTF's UVs (v = 0 at the top of the image), normal maps with green up (OpenGL).
"""

import json
import math
import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent

# ---------------------------------------------------------------------------------------------------------------- PNG


def png(width, height, channels, samples, palette=None):
    """8-bit PNG: 3 channels are RGB, 4 RGBA, 1 grey or, with a `palette` of RGB triples, indices into it."""
    kind = {1: 3 if palette else 0, 3: 2, 4: 6}[channels]
    stride = width * channels
    rows = [bytes(samples[y * stride : (y + 1) * stride]) for y in range(height)]
    # Filters help where neighbours are alike as numbers, which indices are not.
    lines = [bytes([0]) + row for row in rows] if palette else _filtered(rows, channels)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))]
    if palette:
        chunks.append((b"PLTE", bytes(c for color in palette for c in color)))
    chunks += [(b"IDAT", zlib.compress(b"".join(lines), 9)), (b"IEND", b"")]
    body = (struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def _filtered(rows, channels):
    """Each row as it is, as the difference from its left or its upper neighbour: whichever has the smallest numbers."""
    above = bytes(len(rows[0]))
    for row in rows:
        left = bytes(channels) + row[:-channels]
        tries = [row, bytes((a - b) & 255 for a, b in zip(row, left)), bytes((a - b) & 255 for a, b in zip(row, above))]
        kind = min(range(3), key=lambda k: sum(min(v, 256 - v) for v in tries[k]))
        yield bytes([kind]) + tries[kind]
        above = row


def contents(data):
    """The chunks of a PNG file with its pixels unpacked: the same whatever zlib packed them."""
    chunks, at, packed = [], 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        packed, at = (packed + body, at) if kind == b"IDAT" else (packed, at)
        chunks += [] if kind == b"IDAT" else [(kind, body)]
        at += size + 12
    return chunks, zlib.decompress(packed)


# -------------------------------------------------------------------------------------------------------------- noise


def chance(*key):
    """A number in [0, 1) that depends on the integers `key` alone."""
    h = 0x9E3779B9
    for k in key:
        h = ((h ^ (k & 0xFFFFFFFF)) * 0x85EBCA6B) & 0xFFFFFFFF
        h ^= h >> 15
        h = (h * 0xC2B2AE35) & 0xFFFFFFFF
        h ^= h >> 13
    return h / 2**32


def noise(x, y, nx, ny, key):
    """Value noise at (x, y) in units of the tile, on a lattice of nx by ny values, so that it repeats after 1."""
    x, y = x * nx, y * ny
    ix, iy = math.floor(x), math.floor(y)
    fx, fy = x - ix, y - iy
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    a, b = chance(ix % nx, iy % ny, key), chance((ix + 1) % nx, iy % ny, key)
    c, d = chance(ix % nx, (iy + 1) % ny, key), chance((ix + 1) % nx, (iy + 1) % ny, key)
    return (a + (b - a) * fx) * (1 - fy) + (c + (d - c) * fx) * fy


def clamp(value, low=0.0, high=1.0):
    return max(low, min(high, value))


def mix(a, b, t):
    return tuple(x + (y - x) * t for x, y in zip(a, b))


def byte(value):
    return int(clamp(value, 0, 255) + 0.5)


# ----------------------------------------------------------------------------------------------------------- textures


def checker():
    """Eight by eight fields."""
    grey = [(235, 235, 232), (58, 62, 70)]
    pixels = [(x // 16 + y // 16) % 2 for y in range(128) for x in range(128)]
    return png(128, 128, 1, pixels, grey)


def wood():
    """Four planks, their grain along u."""
    size, planks, shades = 512, 4, 40
    ramp = [mix((96, 60, 33), (199, 152, 101), i / (shades - 1)) for i in range(shades)]
    palette = [tuple(byte(c) for c in color) for color in ramp] + [(52, 32, 18)]
    pixels = []
    for y in range(size):
        v = y / size
        plank = y * planks // size
        across = v * planks - plank
        for x in range(size):
            u = x / size + chance(plank, 1)  # the joint between two boards of a plank
            board = 2 * plank + (u % 1 < 0.5)
            along = u % 0.5
            if min(across, 1 - across) < 0.012 or min(along, 0.5 - along) < 0.0025:
                pixels.append(shades)
                continue
            # Year rings cut lengthwise: the level lines of a stretched noise.
            rings = (9 * noise(u, v, 3, 12, 10 + board) + 2 * noise(u, v, 2, 40, 30)) % 1
            rings = 1 - 2 * abs(rings - 0.5)
            fibre = noise(u, v, 24, 512, 50) * 0.6 + noise(u, v, 12, 160, 51) * 0.4
            t = 0.30 + 0.32 * chance(board, 2) + 0.24 * (rings - 0.5) + 0.34 * (fibre - 0.5)
            pixels.append(int(clamp(t, 0, 0.999) * shades))
    return png(size, size, 1, pixels, palette)


def terrazzo():
    """Stone chips in a pale ground: the cells of jittered points, those that are large enough."""
    size, cells = 256, 12
    stones = [(142, 92, 72), (96, 104, 108), (196, 170, 132), (70, 84, 78), (176, 128, 110), (60, 58, 62)]
    palette = [(226, 221, 211), (219, 214, 203)] + stones
    pixels = []
    for y in range(size):
        for x in range(size):
            u, v = x / size * cells, y / size * cells
            found = []
            for j in range(math.floor(v) - 1, math.floor(v) + 2):
                for i in range(math.floor(u) - 1, math.floor(u) + 2):
                    a, b = i % cells, j % cells
                    dx, dy = i + 0.1 + 0.8 * chance(a, b, 60) - u, j + 0.1 + 0.8 * chance(a, b, 61) - v
                    found.append((dx * dx + dy * dy, a, b))
            (near, a, b), (second, _, _) = sorted(found)[:2]
            # `second - near` grows linearly from 0 on the border between two cells.
            chip = second - near > 0.25 and near < 0.05 + 0.15 * chance(a, b, 62)
            ground = 1 if noise(x / size, y / size, 64, 64, 63) > 0.62 else 0
            pixels.append(2 + int(chance(a, b, 64) * len(stones)) if chip else ground)
    return png(size, size, 1, pixels, palette)


def tiles_normal():
    """Four by four pillowed tiles, each a little tilted."""
    size, tiles = 256, 4
    side = size // tiles
    samples = []
    for y in range(size):
        for x in range(size):
            i, j = x // side, y // side
            # Distances to the tile's edges, from left and from above, in pixels, and the slopes there.
            left, top = x % side + 0.5, y % side + 0.5

            def slope(at):
                edge = 6
                if at < edge:
                    return (edge - at) / edge
                return -(at - side + edge) / edge if at > side - edge else 0.0

            # Heights rise inwards from the left: the normal leans left. v runs down, green is up.
            nx = -0.9 * slope(left) + 0.10 * (chance(i, j, 70) - 0.5)
            ny = 0.9 * slope(top) + 0.10 * (chance(i, j, 71) - 0.5)
            length = math.sqrt(nx * nx + ny * ny + 1)
            samples += [byte(127.5 + 127.5 * c / length) for c in (nx, ny, 1.0)]
    return png(size, size, 3, samples)


def label():
    """Bands and a sun, for tins and parcels."""
    width, height = 256, 128
    palette = [(244, 238, 222), (188, 48, 40), (34, 66, 96), (238, 178, 60)]
    pixels = []
    for y in range(height):
        for x in range(width):
            dx, dy = x % 128 - 63.5, y - 63.5
            band = y < 14 or y >= height - 14
            if band:
                pixels.append(1 if (x + y) // 8 % 2 else 2)
            elif dx * dx + dy * dy < 26 * 26:
                pixels.append(3)
            elif dx * dx + dy * dy < 30 * 30:
                pixels.append(1)
            else:
                pixels.append(2 if abs(y - 63.5) < 3 or (x % 128 > 120 and y % 12 < 6) else 0)
    return png(width, height, 1, pixels, palette)


def leaf():
    """A leaf, its stalk at the middle of the lower edge and its tip at that of the upper one. Alpha is its outline."""
    size = 256
    samples = []
    for y in range(size):
        t = 1 - (y + 0.5) / size  # from stalk to tip
        body = clamp((t - 0.10) / 0.88)
        teeth = 0.012 * abs((body * 14) % 2 - 1)
        # Widest below the middle; the tip is drawn out.
        half = 3.2 * body * (1 - body) ** 2 * (0.72 + 0.4 * body) - teeth
        if t < 0.14:
            half = max(half, 0.012)
        for x in range(size):
            across = abs((x + 0.5) / size - 0.5)
            # A border of three pixels from full to nothing, its middle (one half) at `half`.
            alpha = clamp((half - across) * size / 3 + 0.5)
            rib = across < 0.004 + 0.010 * (1 - t)
            vein = abs((body * 9 - across * 7) % 1 - 0.5) > 0.44
            color = mix((66, 118, 44), (104, 150, 60), clamp(2.4 * across + 0.2 * body))
            color = (158, 180, 96) if rib else (126, 166, 76) if vein else color
            samples += [byte(c) for c in color] + [byte(255 * alpha)]
    return png(size, size, 4, samples)


# --------------------------------------------------------------------------------------------------------------- glTF


class Glb:
    """Collects meshes, materials and images and packs them into one binary glTF 2.0 file."""

    def __init__(self):
        self.json = {"asset": {"version": "2.0", "generator": "scenewright assets/make.py"}, "scene": 0}
        self.bin = b""

    def add(self, group, **entry):
        entries = self.json.setdefault(group, [])
        entries.append(entry)
        return len(entries) - 1

    def view(self, data, **more):
        index = self.add("bufferViews", buffer=0, byteOffset=len(self.bin), byteLength=len(data), **more)
        self.bin += data + bytes(-len(data) % 4)
        return index

    def image(self, data=None, uri=None):
        """A texture that repeats, from PNG bytes or a file beside this one."""
        if "samplers" not in self.json:
            self.add("samplers", wrapS=10497, wrapT=10497)
        source = {"uri": uri} if uri else {"bufferView": self.view(data), "mimeType": "image/png"}
        return {"index": self.add("textures", sampler=0, source=self.add("images", **source))}

    def material(self, name, color=(1, 1, 1), texture=None, metallic=0.0, roughness=0.5, **more):
        pbr = {"baseColorFactor": [*color, 1], "metallicFactor": metallic, "roughnessFactor": roughness}
        if texture:
            pbr["baseColorTexture"] = texture
        return self.add("materials", name=name, pbrMetallicRoughness=pbr, **more)

    def primitive(self, surface, material):
        points, normals, uvs, indices = surface
        assert len(points) == len(normals) == len(uvs) < 65536
        points = [[round(c, 6) for c in p] for p in points]
        # Bounds have to be those of the stored 32-bit numbers.
        stored = [struct.unpack("<3f", struct.pack("<3f", *p)) for p in points]
        bounds = {"min": [min(c) for c in zip(*stored)], "max": [max(c) for c in zip(*stored)]}
        attributes = {
            "POSITION": self._floats(points, "VEC3", **bounds),
            "NORMAL": self._floats([[round(c, 5) for c in n] for n in normals], "VEC3"),
            "TEXCOORD_0": self._floats([[round(c, 5) for c in t] for t in uvs], "VEC2"),
        }
        view = self.view(struct.pack(f"<{len(indices)}H", *indices), target=34963)
        listed = self.add("accessors", bufferView=view, componentType=5123, count=len(indices), type="SCALAR")
        return {"attributes": attributes, "indices": listed, "material": material}

    def _floats(self, rows, kind, **more):
        data = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
        view = self.view(data, target=34962)
        return self.add("accessors", bufferView=view, componentType=5126, count=len(rows), type=kind, **more)

    def bytes(self, roots):
        self.json["scenes"] = [{"nodes": roots}]
        self.json["buffers"] = [{"byteLength": len(self.bin)}]
        text = json.dumps(self.json, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        parts = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(self.bin), 0x004E4942) + self.bin
        return struct.pack("<4sII", b"glTF", 2, 12 + len(parts)) + parts


# ----------------------------------------------------------------------------------------------------------- surfaces


def unit(v):
    length = math.sqrt(sum(c * c for c in v)) or 1.0
    return [c / length for c in v]


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def rounded(corners, steps=5):
    """A polyline of (x, y, radius), every corner with a radius rounded by an arc of at least that many steps."""
    line = [corners[0][:2]]
    for before, (x, y, radius), after in zip(corners, corners[1:], corners[2:]):
        a, b = unit((before[0] - x, before[1] - y)), unit((after[0] - x, after[1] - y))
        half = math.acos(clamp(a[0] * b[0] + a[1] * b[1], -1, 1)) / 2  # half the angle between the two edges
        cut = radius / math.tan(half)
        middle = unit((a[0] + b[0], a[1] + b[1]))
        center = (x + middle[0] * radius / math.sin(half), y + middle[1] * radius / math.sin(half))
        start = (x + a[0] * cut - center[0], y + a[1] * cut - center[1])
        turn = math.pi - 2 * half
        turn = -turn if a[0] * b[1] - a[1] * b[0] > 0 else turn
        for i in range(steps + 1):
            sin, cos = math.sin(turn * i / steps), math.cos(turn * i / steps)
            line.append((center[0] + start[0] * cos - start[1] * sin, center[1] + start[0] * sin + start[1] * cos))
    return line + [corners[-1][:2]]


def lathe(profile, segments):
    """Turns a profile of (distance from the axis, height) about the Y axis, its outside to the right of the way."""
    far = [0.0]
    for a, b in zip(profile, profile[1:]):
        far.append(far[-1] + math.hypot(b[0] - a[0], b[1] - a[1]))
    points, normals, uvs, indices = [], [], [], []
    for j, (r, y) in enumerate(profile):
        a, b = profile[max(j - 1, 0)], profile[min(j + 1, len(profile) - 1)]
        nr, ny = unit((b[1] - a[1], a[0] - b[0]))
        nr = 0.0 if r == 0 else nr
        for i in range(segments + 1):
            angle = 2 * math.pi * (i % segments) / segments
            sin, cos = math.sin(angle), math.cos(angle)
            points.append([r * cos, y, -r * sin])
            normals.append(unit([nr * cos, ny, -nr * sin]))
            uvs.append([i / segments, 1 - far[j] / far[-1]])
    for j in range(len(profile) - 1):
        for i in range(segments):
            a, b = j * (segments + 1) + i, (j + 1) * (segments + 1) + i
            if profile[j][0] > 0:
                indices += [a, a + 1, b + 1]
            if profile[j + 1][0] > 0:
                indices += [a, b + 1, b]
    return points, normals, uvs, indices


def tube(path, radii, segments):
    """Sweeps an ellipse along a path of points. `radii` gives, for each point, its half axes along the two directions
    across the path: the one nearest to Z, and the other."""
    points, normals, uvs, indices = [], [], [], []
    for j, p in enumerate(path):
        along = unit([b - a for a, b in zip(path[max(j - 1, 0)], path[min(j + 1, len(path) - 1)])])
        side = unit(cross(cross(along, [0, 0, 1]), along))
        other = cross(along, side)
        wide, thick = radii[j]
        for i in range(segments + 1):
            angle = 2 * math.pi * (i % segments) / segments
            sin, cos = math.sin(angle), math.cos(angle)
            points.append([c + s * wide * cos + o * thick * sin for c, s, o in zip(p, side, other)])
            normals.append(unit([s * cos / wide + o * sin / thick for s, o in zip(side, other)]))
            uvs.append([i / segments, 1 - j / (len(path) - 1)])
    for j in range(len(path) - 1):
        for i in range(segments):
            a, b = j * (segments + 1) + i, (j + 1) * (segments + 1) + i
            indices += [a, a + 1, b + 1, a, b + 1, b]
    return points, normals, uvs, indices


def bezier(a, b, c, d, steps):
    for i in range(steps + 1):
        t = i / steps
        w = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        yield [sum(k * p[axis] for k, p in zip(w, (a, b, c, d))) for axis in range(3)]


def box(x, y, z):
    """Edge lengths, centred on the origin."""
    points, normals, uvs, indices = [], [], [], []
    for axis in range(3):
        for sign in (1, -1):
            n = [0, 0, 0]
            n[axis] = sign
            up = [0, 1, 0] if axis != 1 else [0, 0, -sign]
            right = cross(up, n)
            first = len(points)
            for u, v in ((0, 1), (1, 1), (1, 0), (0, 0)):
                corner = [n[k] + right[k] * (2 * u - 1) + up[k] * (1 - 2 * v) for k in range(3)]
                points.append([corner[0] * x / 2, corner[1] * y / 2, corner[2] * z / 2])
                normals.append(n)
                uvs.append([u, v])
            indices += [first, first + 1, first + 2, first, first + 2, first + 3]
    return points, normals, uvs, indices


def joined(*surfaces):
    points, normals, uvs, indices = [], [], [], []
    for p, n, t, i in surfaces:
        indices += [len(points) + k for k in i]
        points, normals, uvs = points + p, normals + n, uvs + t
    return points, normals, uvs, indices


# ------------------------------------------------------------------------------------------------------------- models


def mug():
    """9 cm high. Its origin is the centre of its base; the handle points along +X."""
    outside = [(0, 0.002, 0), (0.0265, 0.002, 0.001), (0.0285, 0, 0.0008), (0.0335, 0, 0.003)]
    outside += [(0.0405, 0.034, 0.08), (0.0405, 0.090, 0.0016), (0.0372, 0.090, 0.0016)]
    inside = [(0.0372, 0.035, 0.07), (0.0312, 0.006, 0.010), (0, 0.006, 0)]
    body = lathe(rounded(outside + inside), 56)
    # Both ends lie inside the wall.
    upper = list(bezier((0.0388, 0.0755, 0), (0.054, 0.0775, 0), (0.070, 0.074, 0), (0.0695, 0.053, 0), 14))
    lower = list(bezier((0.0695, 0.053, 0), (0.069, 0.034, 0), (0.054, 0.025, 0), (0.0368, 0.0215, 0), 14))
    path = upper + lower[1:]
    ends = [min(j, len(path) - 1 - j) / 5 for j in range(len(path))]
    flare = [clamp(1 - e) ** 2 for e in ends]
    handle = tube(path, [(0.0052 + 0.0016 * f, 0.0034 + 0.0022 * f) for f in flare], 16)
    glb = Glb()
    white = glb.material("ceramic", (0.82, 0.81, 0.78), roughness=0.25)
    mesh = glb.add("meshes", name="mug", primitives=[glb.primitive(joined(body, handle), white)])
    return glb.bytes([glb.add("nodes", name="mug", mesh=mesh)])


def plant(leaf_png):
    """A potted plant, about 45 cm high. Its origin is the centre of the pot's base."""
    glb = Glb()
    clay = glb.material("clay", (0.52, 0.22, 0.12), roughness=0.85)
    soil = glb.material("soil", (0.05, 0.035, 0.025), roughness=1.0)
    bark = glb.material("stem", (0.16, 0.24, 0.07), roughness=0.8)
    cut = {"alphaMode": "MASK", "alphaCutoff": 0.5, "doubleSided": True}
    green = glb.material("leaf", texture=glb.image(leaf_png), roughness=0.55, **cut)
    profile = [(0, 0, 0), (0.052, 0, 0.003), (0.066, 0.085, 0.001), (0.074, 0.085, 0.002), (0.077, 0.110, 0.003)]
    profile += [(0.069, 0.110, 0.003), (0.064, 0.070, 0)]
    pot = lathe(rounded(profile, 3), 32)
    earth = lathe([(0.0675, 0.094), (0.035, 0.097), (0, 0.099)], 24)
    stem = list(bezier((0, 0.09, 0), (0.02, 0.18, 0.01), (-0.03, 0.28, -0.01), (0.01, 0.40, 0.01), 12))
    twig = tube(stem, [(0.006 - 0.0003 * j, 0.006 - 0.0003 * j) for j in range(13)], 8)
    leaves = []
    for k in range(13):
        # The golden angle, so that no leaf hides the one below it.
        turn, share = math.radians(137.508 * k), k / 12
        root = stem[min(3 + k * 9 // 12, 12)]
        out = [math.sin(turn), 0, math.cos(turn)]
        side = [out[2], 0, -out[0]]
        length, half = 0.19 - 0.07 * share, 0.085 - 0.032 * share
        points, normals, uvs, indices = [], [], [], []
        # Three quads that rise and then hang: steeply where the plant is young.
        at, rise = list(root), 0.9 + 0.4 * share
        for row in range(4):
            slope = rise - 0.55 * row
            way = unit([out[0], slope, out[2]])
            for u, s in ((0, -1), (1, 1)):
                points.append([a + s * half * c for a, c in zip(at, side)])
                normals.append(unit(cross(way, side)))
                uvs.append([u, 1 - row / 3])
            at = [a + length / 3 * w for a, w in zip(at, way)]
        for row in range(3):
            i = 2 * row
            indices += [i, i + 3, i + 1, i, i + 2, i + 3]
        leaves.append((points, normals, uvs, indices))
    surfaces = [(pot, clay), (earth, soil), (twig, bark), (joined(*leaves), green)]
    mesh = glb.add("meshes", name="plant", primitives=[glb.primitive(s, m) for s, m in surfaces])
    return glb.bytes([glb.add("nodes", name="plant", mesh=mesh)])


def crate():
    """30 cm wide, 20 cm high: boards and corner posts, placed by nested nodes. Its origin is the centre of its base.
    The boards wear wood.png from this folder."""
    glb = Glb()
    wooden = glb.material("wood", texture=glb.image(uri="wood.png"), roughness=0.7)
    steel = glb.material("steel", (0.42, 0.43, 0.45), metallic=1.0, roughness=0.35)
    board = box(0.29, 0.058, 0.010)
    # A quarter of the texture's height is one plank.
    board = (board[0], board[1], [[u * 0.5 + 0.02, v * 0.22 + 0.015] for u, v in board[2]], board[3])
    plank = glb.add("meshes", name="board", primitives=[glb.primitive(board, wooden)])
    post = glb.add("meshes", name="post", primitives=[glb.primitive(box(0.020, 0.2, 0.020), steel)])
    boards = [glb.add("nodes", mesh=plank, translation=[0, y, 0.138]) for y in (0.035, 0.1, 0.165)]
    boards.append(glb.add("nodes", mesh=post, translation=[0.14, 0.1, 0.14]))
    sides = [glb.add("nodes", name="side 0", children=boards)]
    for k in range(1, 4):
        # Each turned a quarter further about +Y, with nodes of its own, as the format wants it.
        copies = [glb.add("nodes", **{n: v for n, v in glb.json["nodes"][b].items()}) for b in boards]
        half = math.pi / 4 * k
        turn = [0, round(math.sin(half), 7), 0, round(math.cos(half), 7)]
        sides.append(glb.add("nodes", name=f"side {k}", children=copies, rotation=turn))
    floor = []
    for i in range(4):
        flat = [round(-math.sin(math.pi / 4), 7), 0, 0, round(math.cos(math.pi / 4), 7)]
        place = [0, 0.01, -0.099 + 0.066 * i]
        floor.append(glb.add("nodes", mesh=plank, translation=place, rotation=flat, scale=[0.92, 1.08, 1]))
    bottom = glb.add("nodes", name="bottom", children=floor)
    return glb.bytes([glb.add("nodes", name="crate", children=[*sides, bottom])])


def arm():
    """An arm that reaches up and bends to +X, 32 cm from shoulder to tip when straight: one skin over three bones, its muscle a
    morph target, and four keypoints on its front (+Z) that move with the bones. Its origin is the middle of its base."""
    lengths, radii = (0.12, 0.11, 0.09), (0.030, 0.026, 0.022, 0.016)
    heights = [sum(lengths[:k]) for k in range(4)]

    def radius(y):
        k = next(k for k in range(3) if y <= heights[k + 1] + 1e-9)
        return radii[k] + (radii[k + 1] - radii[k]) * (y - heights[k]) / lengths[k]

    # Rings close enough to bend smoothly, from the tip down; the tip is half an ellipsoid.
    steps = 64
    profile = [(0, 1, heights[3] + radii[3], 0)]
    profile += [(radii[3] * math.sin(a), math.sin(a), heights[3] + radii[3] * math.cos(a), math.cos(a))
                for a in (math.pi / 2 * k / 8 for k in range(1, 8))]
    profile[0] = (0, 0, heights[3] + radii[3], 1)
    profile += [(radius(y), 1, y, 0.05) for y in (heights[3] * (1 - k / steps) for k in range(steps + 1))]
    points, normals, uvs, indices = [], [], [], []
    segments = 32
    for j, (r, out, y, up) in enumerate(profile):
        for i in range(segments + 1):
            angle = 2 * math.pi * (i % segments) / segments
            points.append([r * math.sin(angle), y, r * math.cos(angle)])
            normals.append(unit([out * math.sin(angle), up, out * math.cos(angle)]))
            uvs.append([i / segments, j / (len(profile) - 1)])
    for j in range(len(profile) - 1):
        for i in range(segments):
            a, b = j * (segments + 1) + i, (j + 1) * (segments + 1) + i
            indices += [a, b, b + 1, a, b + 1, a + 1]
    base = len(points)
    points += [[0, 0, 0]] + [p for p in points[base - segments - 1 : base]]
    normals += [[0, -1, 0]] * (segments + 2)
    uvs += [[0.5, 0.5]] * (segments + 2)
    indices += [k for i in range(segments) for k in (base, base + 2 + i, base + 1 + i)]

    # Each joint's bone takes over within 3 cm around it.
    joints, weights = [], []
    for _, y, _ in points:
        share = [clamp((y - h) / 0.06 + 0.5) for h in heights[1:3]]
        joints.append((0, 1, 2, 0))
        weights.append([1 - share[0], share[0] - min(share), min(share), 0])
    # The muscle swells the front of the upper arm.
    swell = [[0, 0, 0.014 * math.exp(-(((y - 0.055) / 0.025) ** 2)) * max(z / 0.03, 0) if y > 0 else 0] for _, y, z in points]

    glb = Glb()
    skin = glb.material("skin", (0.71, 0.42, 0.30), roughness=0.55)
    primitive = glb.primitive((points, normals, uvs, indices), skin)
    packed = glb.view(b"".join(struct.pack("<4B", *j) for j in joints), target=34962)
    listed = glb.add("accessors", bufferView=packed, componentType=5121, count=len(joints), type="VEC4")
    primitive["attributes"]["JOINTS_0"] = listed
    primitive["attributes"]["WEIGHTS_0"] = glb._floats([[round(w, 5) for w in row] for row in weights], "VEC4")
    swell = [[round(c, 6) for c in row] for row in swell]
    stored = [struct.unpack("<3f", struct.pack("<3f", *row)) for row in swell]
    bounds = {"min": [min(c) for c in zip(*stored)], "max": [max(c) for c in zip(*stored)]}
    primitive["targets"] = [{"POSITION": glb._floats(swell, "VEC3", **bounds)}]
    mesh = glb.add("meshes", name="arm", primitives=[primitive], weights=[0.8])

    def keypoint(name, y, r):
        return glb.add("nodes", name=f"kp_{name}", translation=[0, y, r])

    def bend(degrees):
        half = math.radians(degrees) / 2
        return [0, 0, round(-math.sin(half), 7), round(math.cos(half), 7)]

    tip = keypoint("tip", lengths[2] + 0.7 * radii[3], 0.72 * radii[3])
    hand = glb.add("nodes", name="hand", translation=[0, lengths[1], 0], rotation=bend(35),
                   children=[keypoint("wrist", 0, radii[2]), tip])
    forearm = glb.add("nodes", name="forearm", translation=[0, lengths[0], 0], rotation=bend(55),
                      children=[keypoint("elbow", 0, radii[1]), hand])
    upper = glb.add("nodes", name="upper arm", children=[keypoint("shoulder", 0.01, radii[0]), forearm])
    inverse = [[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, round(-h, 6), 0, 1] for h in heights[:3]]
    glb.add("skins", joints=[upper, forearm, hand], inverseBindMatrices=glb._floats(inverse, "MAT4"))
    return glb.bytes([upper, glb.add("nodes", name="arm", mesh=mesh, skin=0)])


# --------------------------------------------------------------------------------------------------------------- main


def made():
    """Every file by name, as a function of nothing but this script and, for the plant, the leaf."""
    files = {"checker.png": checker(), "wood.png": wood(), "terrazzo.png": terrazzo(), "label.png": label()}
    files |= {"tiles_normal.png": tiles_normal(), "leaf.png": leaf(), "mug.glb": mug(), "crate.glb": crate()}
    files["arm.glb"] = arm()
    return files


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    files = made()
    if not arguments:
        files["plant.glb"] = plant(files["leaf.png"])
        for name, data in files.items():
            (HERE / name).write_bytes(data)
            print(f"{name:18} {len(data):7} bytes")
        return
    wrong = []
    there = {name: (HERE / name).read_bytes() for name in [*files, "plant.glb"] if (HERE / name).is_file()}
    # The leaf as it was packed when the plant was made.
    files["plant.glb"] = plant(there.get("leaf.png", files["leaf.png"]))
    for name, data in files.items():
        found = there.get(name)
        if found is None:
            wrong.append(f"{name} is missing")
            continue
        try:
            same = contents(found) == contents(data) if name.endswith(".png") else found == data
        except (struct.error, zlib.error):
            same = False
        if not same:
            wrong.append(f"{name} differs")
    if wrong:
        sys.exit("; ".join(wrong) + "; run `python3 assets/make.py` to write it anew")
    print(f"{len(files)} files are what this script writes")


if __name__ == "__main__":
    main(sys.argv[1:])
