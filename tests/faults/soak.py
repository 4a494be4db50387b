#!/usr/bin/env python3
"""Renders many scenes in one process, and watches that nothing of it grows once it is warm: memory, entities, pipelines, meshes, textures.

    soak.py PROGRAM [--recipe scenes/set_table.ron] [--scenes 5000] [--warm 500] [--curve curve.csv]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Everything that a scene brings has to go with it, or be one of what is kept up to a bound.
CONSTANT = ("entities", "pipelines")
BOUNDED = ("meshes", "materials", "textures", "mesh_slabs")


def metrics(path: Path) -> dict[str, float]:
    lines = (line.split() for line in path.read_text().splitlines() if not line.startswith("#"))
    return {name.removeprefix("scenewright_"): float(value) for name, value in lines}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("--recipe", default=str(ROOT / "scenes" / "set_table.ron"))
    arguments.add_argument("--scenes", type=int, default=5000)
    arguments.add_argument("--warm", type=int, default=500)
    arguments.add_argument("--most", type=float, default=0.05, help="share by which memory may grow after that")
    arguments.add_argument("--curve", help="file for the curve, as CSV")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        numbers = Path(work) / "metrics.prom"
        command = [given.program, "render", given.recipe, "--count", str(given.scenes), "--out", f"{work}/out"]
        command += ["--set", "image.width=96", "--set", "image.height=72", "--metrics", str(numbers)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        curve: list[dict[str, float]] = []
        while process.poll() is None:
            time.sleep(0.05)
            if numbers.exists():
                now = metrics(numbers)
                if not curve or now["images_done"] > curve[-1]["images_done"]:
                    curve.append(now)
        if process.returncode != 0:
            print(f"FAILED: exit code {process.returncode}")
            return 1
        curve.append(metrics(numbers))
    names = ["images_done", "resident_bytes", *CONSTANT, *BOUNDED]
    if given.curve:
        rows = [",".join(names)] + [",".join(f"{point[name]:.0f}" for name in names) for point in curve]
        Path(given.curve).write_text("\n".join(rows) + "\n")
    step = max(1, len(curve) // 12)
    for point in [*curve[::step], curve[-1]]:
        print("  ".join(f"{name} {point[name] / 2**20:.0f} MB" if "bytes" in name else f"{name} {point[name]:.0f}" for name in names))
    warm = [point for point in curve if point["images_done"] >= given.warm]
    if len(warm) < 8:
        print("FAILED: too few measurements after the warm-up")
        return 1
    quarter = max(2, len(warm) // 4)
    wrong = []
    for name in ("resident_bytes", *BOUNDED):
        first = max(point[name] for point in warm[:quarter])
        last = max(point[name] for point in warm[-quarter:])
        print(f"{name}: at most {first:.0f} in the first quarter after {given.warm} scenes, {last:.0f} in the last")
        if last > first * (1 + given.most):
            wrong.append(name)
    wrong += [name for name in CONSTANT if len({point[name] for point in warm}) > 1]
    print("FAILED: these grow: " + ", ".join(wrong) if wrong else "ok")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
