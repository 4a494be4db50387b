"""What the renderers beside us share: reading the scenes, writing colour, ids and depth. Needs numpy and OpenCV alone."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

# Colour (height, width, 3) of 8 bits, RGB; ids (height, width), 0 nothing, 1 + the number of the thing; depth (height, width), metres, 0 nothing.
Images = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass
class Spec:
    """scenes.json, and the folder that it lies in."""

    folder: Path
    data: dict

    def mesh(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Positions, normals, texture coordinates and triangles of one of the OBJ files: all of a vertex have one number there."""
        rows: dict[str, list] = {"v": [], "vn": [], "vt": [], "f": []}
        for line in (self.folder / f"{name}.obj").read_text().splitlines():
            kind, *values = line.split()
            rows[kind].append([int(v.split("/")[0]) - 1 for v in values] if kind == "f" else [float(v) for v in values])
        return np.array(rows["v"]), np.array(rows["vn"]), np.array(rows["vt"]), np.array(rows["f"])

    def ground(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        half, repeats = self.data["ground"] / 2, self.data["repeats"]
        points = np.array([[-half, 0, half], [half, 0, half], [half, 0, -half], [-half, 0, -half]])
        uvs = repeats * np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
        return points, np.tile([0.0, 1.0, 0.0], (4, 1)), uvs, np.array([[0, 1, 2], [0, 2, 3]])

    def texture(self, number: int) -> Path:
        return self.folder / ("ground.png" if number == self.data["textures"] else f"texture{number}.png")


def rotation(quaternion: list[float]) -> np.ndarray:
    """The matrix of (w, x, y, z)."""
    w, x, y, z = quaternion
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


def pose(thing: dict) -> np.ndarray:
    """From a thing's own frame to the world."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation(thing["rotation"]), thing["position"]
    return matrix


def quaternion(matrix: np.ndarray) -> np.ndarray:
    """(w, x, y, z) of a rotation, as the eigenvector to the largest eigenvalue (Bar-Itzhack 2000)."""
    r = matrix
    k = np.array([
        [r[0, 0] - r[1, 1] - r[2, 2], r[1, 0] + r[0, 1], r[2, 0] + r[0, 2], r[2, 1] - r[1, 2]],
        [r[1, 0] + r[0, 1], r[1, 1] - r[0, 0] - r[2, 2], r[2, 1] + r[1, 2], r[0, 2] - r[2, 0]],
        [r[2, 0] + r[0, 2], r[2, 1] + r[1, 2], r[2, 2] - r[0, 0] - r[1, 1], r[1, 0] - r[0, 1]],
        [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], r[0, 0] + r[1, 1] + r[2, 2]],
    ])  # fmt: skip
    x, y, z, w = np.linalg.eigh(k)[1][:, -1]
    return np.array([w, x, y, z])


def main(start: Callable[[Spec, argparse.Namespace], Callable[[dict], Images]]) -> None:
    """Renders scenes first to first + count - 1. `start` makes the renderer, once; what it returns renders a scene."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1)
    args = parser.parse_args()
    spec = Spec(args.assets, json.loads((args.assets / "scenes.json").read_text()))
    for folder in ("images", "ids", "depth"):
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    render = start(spec, args)
    rendering = writing = 0.0
    for index in range(args.first, args.first + args.count):
        begin = time.perf_counter()
        colour, ids, depth = render(spec.data["scenes"][index % len(spec.data["scenes"])])
        middle = time.perf_counter()
        name = f"{index:06}.png"
        cv2.imwrite(str(args.out / "ids" / name), ids.astype(np.uint16))
        cv2.imwrite(str(args.out / "depth" / name), np.clip(np.rint(1000 * depth), 0, 65535).astype(np.uint16))
        cv2.imwrite(str(args.out / "images" / name), np.ascontiguousarray(colour[..., ::-1]))
        rendering, writing = rendering + middle - begin, writing + time.perf_counter() - middle
    stages = {"render_ms": 1000 * rendering / args.count, "write_ms": 1000 * writing / args.count}
    (args.out / "report.json").write_text(json.dumps(stages))
