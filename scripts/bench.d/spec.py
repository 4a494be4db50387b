"""The scene of `scripts/bench --peers`, as files that every renderer reads: meshes, textures, scenes, and a recipe of equal content.

Eight boxes, eight balls of 960 triangles and four torus knots of 5000 float above a textured ground, under one sun. World as in recipes:
right-handed, +Y up, metres. Rotations are quaternions (w, x, y, z).
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT, FOV = 640, 480, 50.0
SHAPES = ["box"] * 8 + ["ball"] * 8 + ["knot"] * 4
TEXTURES = 8
GROUND = 6.0  # edge of the ground, and how often its texture repeats along it:
REPEATS = 4


def write(folder: Path, scenes: int) -> None:
    """All files. `folder` is made."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    for number in range(TEXTURES + 1):
        name = "ground.png" if number == TEXTURES else f"texture{number}.png"
        cv2.imwrite(str(folder / name), texture(random, number))
    for name, mesh in (("box", box(0.2)), ("ball", ball(0.12)), ("knot", knot(0.13, 0.03))):
        (folder / f"{name}.obj").write_text(obj(*mesh))
    drawn = [scene(index) for index in range(scenes)]
    data = {"width": WIDTH, "height": HEIGHT, "fov": FOV, "shapes": SHAPES, "textures": TEXTURES, "ground": GROUND, "repeats": REPEATS}
    (folder / "scenes.json").write_text(json.dumps({**data, "scenes": drawn}))
    (folder / "ours.ron").write_text(recipe())
    (folder / "first.ron").write_text(exact(drawn[0]))


def texture(random: np.random.Generator, number: int) -> np.ndarray:
    """256 by 256: squares of two colours, and a little noise."""
    y, x = np.mgrid[0:256, 0:256]
    edge = 16 * (1 + number % 4)
    dark, light = random.uniform(60, 160, 3), random.uniform(170, 250, 3)
    mask = ((x // edge + y // edge) % 2)[..., None]
    image = dark * mask + light * (1 - mask) + random.normal(0, 6, (256, 256, 3))
    return np.clip(image, 0, 255).astype(np.uint8)


# ---- Meshes: positions, normals, texture coordinates, triangles -----------------------------------------------------------

Mesh = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def grid(position: np.ndarray, normal: np.ndarray, rows: int, columns: int) -> Mesh:
    """A surface of (rows + 1) by (columns + 1) points. Triangles without area are left out."""
    v, u = np.mgrid[0 : rows + 1, 0 : columns + 1]
    uv = np.stack([u / columns, v / rows], -1).reshape(-1, 2)
    points = position.reshape(-1, 3)
    triangles = []
    for row in range(rows):
        for column in range(columns):
            a = row * (columns + 1) + column
            b, c, d = a + 1, a + columns + 1, a + columns + 2
            triangles += [(a, b, d), (a, d, c)]
    corners = points[np.array(triangles)]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return points, normal.reshape(-1, 3), uv, np.array(triangles)[area > 1e-12]


def ball(radius: float) -> Mesh:
    latitude, longitude = np.meshgrid(np.linspace(-np.pi / 2, np.pi / 2, 17), np.linspace(0, 2 * np.pi, 33), indexing="ij")
    normal = np.stack([np.cos(latitude) * np.sin(longitude), np.sin(latitude), np.cos(latitude) * np.cos(longitude)], -1)
    return grid(radius * normal, normal, 16, 32)


def knot(radius: float, tube: float) -> Mesh:
    """A trefoil."""
    t = np.linspace(0, 2 * np.pi, 251)

    def curve(t: np.ndarray) -> np.ndarray:
        r = radius * (1 + 0.5 * np.cos(3 * t))
        return np.stack([r * np.cos(2 * t), r * np.sin(2 * t), -0.5 * radius * np.sin(3 * t)], -1)

    tangent = curve(t + 1e-4) - curve(t - 1e-4)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(tangent, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(tangent, side)
    angle = np.linspace(0, 2 * np.pi, 11)[None, :, None]
    normal = np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None]
    return grid(curve(t)[:, None] + tube * normal, normal, 250, 10)


def box(edge: float) -> Mesh:
    points, normals, uvs, triangles = [], [], [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            normal, u, v = np.zeros(3), np.zeros(3), np.zeros(3)
            normal[axis], u[(axis + 1) % 3], v[(axis + 2) % 3] = sign, sign, 1.0
            first = len(points)
            for s, t in ((0, 0), (1, 0), (1, 1), (0, 1)):
                points.append(edge / 2 * (normal + (2 * s - 1) * u + (2 * t - 1) * v))
                normals.append(normal)
                uvs.append((s, t))
            triangles += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    return np.array(points), np.array(normals), np.array(uvs, float), np.array(triangles)


def obj(points: np.ndarray, normals: np.ndarray, uvs: np.ndarray, triangles: np.ndarray) -> str:
    corners, n = points[triangles], normals[triangles]
    outwards = np.einsum("ij,ij->i", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), n.sum(1))
    triangles = np.where((outwards > 0)[:, None], triangles, triangles[:, ::-1])
    lines = [f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in points]
    lines += [f"vt {u:.6f} {v:.6f}" for u, v in uvs]
    lines += [f"vn {x:.6f} {y:.6f} {z:.6f}" for x, y, z in normals]
    lines += ["f " + " ".join(f"{i + 1}/{i + 1}/{i + 1}" for i in triangle) for triangle in triangles]
    return "\n".join(lines) + "\n"


# ---- Scenes ---------------------------------------------------------------------------------------------------------------


def scene(index: int) -> dict[str, object]:
    """One scene, all numbers decided by its index."""
    random = np.random.default_rng([7, index])
    places: list[np.ndarray] = []
    while len(places) < len(SHAPES):
        place = random.uniform([-1, 0.25, -1], [1, 1, 1])
        if all(np.linalg.norm(place - other) > 0.3 for other in places):
            places.append(place)
    things = []
    for place in places:
        quaternion = random.normal(size=4)
        things.append({
            "position": place.tolist(),
            "rotation": (quaternion / np.linalg.norm(quaternion)).tolist(),
            "texture": int(random.integers(TEXTURES)),
            "tint": random.uniform(0.5, 1, 3).tolist(),
            "roughness": float(random.uniform(0.2, 0.9)),
        })  # fmt: skip
    azimuth, elevation = random.uniform(0, 2 * math.pi), math.radians(random.uniform(15, 50))
    target = np.array([0, 0.5, 0])
    eye = target + 2.8 * direction(azimuth, elevation)
    sun = direction(random.uniform(0, 2 * math.pi), math.radians(random.uniform(35, 75)))
    back = (eye - target) / np.linalg.norm(eye - target)
    right = np.cross([0, 1, 0], back)
    right /= np.linalg.norm(right)
    camera = np.eye(4)
    camera[:3, :3], camera[:3, 3] = np.stack([right, np.cross(back, right), back], 1), eye
    # `camera` leads from OpenGL's camera frame (x right, y up, z back) to the world; `sun` is the direction towards it.
    return {"things": things, "camera": camera.tolist(), "eye": eye.tolist(), "target": target.tolist(), "sun": sun.tolist()}


def direction(azimuth: float, elevation: float) -> np.ndarray:
    return np.array([math.sin(azimuth) * math.cos(elevation), math.sin(elevation), math.cos(azimuth) * math.cos(elevation)])


# ---- The same for us ------------------------------------------------------------------------------------------------------

HEAD = f"""version: 1, image: (width: {WIDTH}, height: {HEIGHT}), outputs: [Ids, Depth],
    categories: [(id: 1, name: "box"), (id: 2, name: "ball"), (id: 3, name: "knot")],
    environment: Gradient(sky: Hex("#bcd3ee"), ground: Hex("#6b6358"), strength: 0.7),"""
FLOOR = f'(shape: Plane({GROUND}, {GROUND}), material: "ground", place: At(position: (0, 0, 0)))'
PAPER = f'"ground": (base_color: Hex("#ffffff"), base_color_texture: "ground.png", tiling: {REPEATS}, roughness: 0.8)'


def recipe() -> str:
    """What `scene` draws, drawn by the program itself."""
    textures = ", ".join(f'"texture{i}.png"' for i in range(TEXTURES))
    place = "place: InBox((-1, 0.25, -1), (1, 1, 1), rotation: Any)"
    groups = "\n".join(
        f'        "{name}": (shape: File("{name}.obj"), category: "{name}", count: {SHAPES.count(name)}, material: "skin", {place}),'
        for name in dict.fromkeys(SHAPES)
    )
    tint = "Linear(Uniform(0.5, 1), Uniform(0.5, 1), Uniform(0.5, 1))"
    return f"""(
    name: "peers", {HEAD}
    materials: {{
        "skin": (base_color: {tint}, roughness: Uniform(0.2, 0.9), base_color_texture: Choice([{textures}])),
        {PAPER},
    }},
    objects: {{
        "floor": {FLOOR},
{groups}
    }},
    lights: {{ "sun": Sun(elevation: Uniform(35, 75), azimuth: Uniform(0, 360), illuminance: 6e4) }},
    cameras: {{ "main": (lens: Fov({FOV}), pose: Orbit(target: (0, 0.5, 0), distance: 2.8, azimuth: Uniform(0, 360), elevation: Uniform(15, 50))) }},
)
"""


def exact(drawn: dict) -> str:
    """One scene, number by number. Objects are named so that instance ids follow the order of things."""
    materials, objects = [PAPER], [f'"floor": {FLOOR}']
    for number, (shape, thing) in enumerate(zip(SHAPES, drawn["things"], strict=True)):
        w, x, y, z = thing["rotation"]
        angle, length = 2 * math.degrees(math.acos(max(-1.0, min(1.0, w)))), math.sqrt(x * x + y * y + z * z)
        axis = (x / length, y / length, z / length)
        tint, position = (", ".join(f"{v:.6f}" for v in thing[key]) for key in ("tint", "position"))
        materials.append(
            f'"skin{number:02}": (base_color: Linear({tint}), roughness: {thing["roughness"]:.6f}, base_color_texture: "texture{thing["texture"]}.png")'
        )
        turned = f"AxisAngle(({', '.join(f'{v:.9f}' for v in axis)}), {angle:.7f})"
        objects.append(
            f'"thing{number:02}": (shape: File("{shape}.obj"), category: "{shape}", material: "skin{number:02}", '
            f"place: At(position: ({position}), rotation: {turned}))"
        )
    x, y, z = drawn["sun"]
    sun = f"Sun(elevation: {math.degrees(math.asin(y)):.6f}, azimuth: {math.degrees(math.atan2(x, z)):.6f}, illuminance: 6e4)"
    eye, target = (", ".join(f"{v:.9f}" for v in drawn[key]) for key in ("eye", "target"))
    joined = ",\n        "
    return f"""(
    name: "first", {HEAD}
    materials: {{
        {joined.join(materials)},
    }},
    objects: {{
        {joined.join(objects)},
    }},
    lights: {{ "sun": {sun} }},
    cameras: {{ "main": (lens: Fov({FOV}), pose: LookAt(from: ({eye}), target: ({target}))) }},
)
"""
