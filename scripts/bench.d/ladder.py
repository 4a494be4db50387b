"""The ladder: images a second, and where the time goes, over numbers of objects, sizes and outputs. Run by scripts/bench."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np

import measure
from measure import CORES, REPO, Command, Failed, Measured

SIZES = [(320, 240), (640, 480), (1280, 720), (1920, 1080)]
OUTPUTS = ["colour", "coco", "all"]
# Images of each process that are rendered before the clock starts: shaders are compiled for the first ones.
WARM = 3
LEAST = 4


@dataclasses.dataclass(frozen=True)
class Cell:
    """One thing to measure. The base differs from the cross of objects, sizes and outputs in nothing but these."""

    objects: int = 20
    size: tuple[int, int] = (640, 480)
    outputs: str = "coco"
    processes: int = 1
    also: str = ""

    @property
    def name(self) -> str:
        return f"{self.objects}/{self.size[0]}x{self.size[1]}/{self.outputs}{'/' + self.also if self.also else ''}/p{self.processes}"

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]

    def settings(self) -> list[str]:
        values = [f"parameters.things={self.objects}", f"image.width={self.size[0]}", f"image.height={self.size[1]}"]
        values += {"colour": ["outputs=[]"], "coco": ["outputs=[]"], "default": ["outputs=[Ids, Depth]"], "all": ["outputs=All"]}[self.outputs]
        values += {
            "": [],
            "no_shadows": ["lights.sun.shadows=false"],
            "no_msaa": ["image.anti_aliasing=Off"],
            "jpeg": ["image.format=Jpeg(quality: 95)"],
            "renderers": [],
        }[self.also]
        return [argument for value in values for argument in ("--set", value)]

    @property
    def renderers(self) -> int:
        """At work in one process."""
        return min(CORES, 4) if self.also == "renderers" else 1

    def recipe(self) -> Path:
        return REPO / "benches" / ("ladder_colour.ron" if self.outputs == "colour" else "ladder.ron")


def cells() -> list[Cell]:
    """One axis at a time about the base, with one process and with one for each core; then the cross, with one."""
    axes = [Cell(), *(Cell(objects=n) for n in (10, 100, 1000)), *(Cell(size=s) for s in SIZES)]
    axes += [Cell(outputs=o) for o in ("colour", "default", "all")] + [Cell(also=a) for a in ("no_shadows", "no_msaa", "jpeg")]
    per_core = [dataclasses.replace(cell, processes=CORES) for cell in axes] if CORES > 1 else []
    axes += [Cell(also="renderers")] if CORES > 1 else []
    cross = [Cell(objects=n, size=s, outputs=o) for o in OUTPUTS for n in (10, 100, 1000) for s in SIZES]
    return list(dict.fromkeys(axes + per_core + cross))


QUICK = [Cell(10, (320, 240), "colour"), Cell(10, (320, 240)), Cell(10, (320, 240), "all"), Cell(10, (320, 240), processes=min(2, CORES))]


class Guess:
    """How long an image will take, from what the cells before took: decides how many images a cell needs."""

    def __init__(self) -> None:
        self._factors: list[float] = []

    @staticmethod
    def _prior(cell: Cell) -> float:
        outputs = {"colour": 1.0, "coco": 1.0, "default": 1.1, "all": 2.5}[cell.outputs]
        return outputs * (0.02 + 0.2e-6 * cell.pixels + 1e-3 * cell.objects)

    def seconds(self, cell: Cell) -> float:
        recent = self._factors[-6:]
        return self._prior(cell) * (math.exp(sum(map(math.log, recent)) / len(recent)) if recent else 1.0)

    def learn(self, cell: Cell, seconds: float) -> None:
        self._factors.append(seconds / self._prior(cell))


def measure_cell(cell: Cell, binary: Path, seconds: float, guess: Guess, work: Path) -> dict[str, object]:
    """Renders until the measured part has lasted long enough. Never raises for what the program does."""
    per_process = guess.seconds(cell) * (1.0 if cell.processes == 1 else 1.3)
    count = 0
    for _ in range(3):
        wanted = math.ceil(1.2 * seconds / per_process)
        count = max(count + 1, WARM * cell.renderers + max(LEAST, min(wanted, 100_000)))
        try:
            measured, reports = render(cell, binary, count, work)
        except (Failed, OSError, ValueError) as error:
            return {"cell": cell.name, **dataclasses.asdict(cell), "failed": str(error)}
        per_process = cell.processes / measured.images_per_s
        if measured.seconds >= 0.7 * seconds and measured.images >= LEAST * cell.processes / 2:
            break
    guess.learn(cell, per_process if cell.processes == 1 else per_process / 1.3)
    row = {"cell": cell.name, **dataclasses.asdict(cell), **dataclasses.asdict(measured), **inside(reports)}
    row["annotations_per_image"] = reports[0].get("annotations_per_image")
    return row


def render(cell: Cell, binary: Path, count: int, work: Path) -> tuple[Measured, list[dict]]:
    """One run of a cell: `count` images in each process."""
    shutil.rmtree(work, ignore_errors=True)
    commands = []
    for process in range(cell.processes):
        out = work / str(process)
        arguments = [str(binary), "render", str(cell.recipe()), *cell.settings(), "--count", str(count), "--first-index"]
        arguments += [str(process * count), "--out", str(out), "--report", str(work / f"{process}.report.json")]
        arguments += ["--renderers", str(cell.renderers)]
        # One process or renderer for each core, none of which starts threads for drawing, is how a software driver is used best.
        alone = {"LP_NUM_THREADS": "0"} if cell.processes > 1 or cell.renderers > 1 else {}
        commands.append(Command(arguments, out, count, alone))
    measured = measure.run(commands, WARM * cell.renderers)
    reports = []
    for process, command in enumerate(commands):
        report = json.loads((work / f"{process}.report.json").read_text())
        coco = command.out / "annotations" / "instances.json"
        if coco.exists():
            report["annotations_per_image"] = len(json.loads(coco.read_text())["annotations"]) / count
        reports.append(report)
    shutil.rmtree(work, ignore_errors=True)
    return measured, reports


def inside(reports: list[dict]) -> dict[str, object]:
    """What the program says of itself. Means over processes; milliseconds for each image, warm-up included."""

    def mean(key: str) -> float:
        return sum(r.get(key) or 0.0 for r in reports) / len(reports)

    stages: dict[str, float] = {}
    for report in reports:
        for name, value in report["stages_s"].items():
            stages[name] = stages.get(name, 0.0) + 1000 * value / report["images"] / len(reports)
    encoder_ms = sum(stages.get(name, 0.0) for name in ("develop", "annotate", "audit", "encode", "write"))
    encoders = sum(r["encoders"] for r in reports)
    return {
        "stages_ms": stages,
        "start_s": mean("start_s"),
        "encoders": encoders,
        "encoders_busy": mean("encoders_busy"),
        "render_thread_busy": mean("render_thread_busy"),
        "device_wait_s": mean("device_wait_s"),
        # What the encoders alone would reach with the same bytes, if they had a core each.
        "encoder_limit_images_per_s": 1000 * encoders / encoder_ms if encoder_ms > 0 else None,
        "adapter": reports[0]["adapter"],
    }


# ---- What comes of it ---------------------------------------------------------------------------------------------------


def fit(rows: list[dict]) -> list[dict[str, object]]:
    """For each set of outputs: ms = a + b objects + c megapixels, by least squares of relative errors; one process, nothing else changed.

    Once of the time that passed, and once of processor time, which other work on the machine changes less.
    """
    fits = []
    for outputs in OUTPUTS:
        own = [r for r in rows if "failed" not in r and r["outputs"] == outputs and r["processes"] == 1 and not r["also"]]
        if len({r["objects"] for r in own}) < 2 or len({tuple(r["size"]) for r in own}) < 2 or len(own) < 4:
            continue
        for kind, ms in (("time", [1000 / r["images_per_s"] for r in own]), ("processor time", [1000 * r["cpu_s_per_image"] for r in own])):
            scale = np.array(ms)
            terms = np.array([[1.0, r["objects"], r["size"][0] * r["size"][1] / 1e6] for r in own]) / scale[:, None]
            a, b, c = (float(x) for x in np.linalg.lstsq(terms, np.ones(len(own)), rcond=None)[0])
            residual = float(np.sqrt(np.mean((terms @ [a, b, c] - 1) ** 2)))
            found = {"outputs": outputs, "of": kind, "ms": a, "ms_per_object": b, "ms_per_megapixel": c, "relative_rms": residual}
            fits.append({**found, "cells": len(own)})
    return fits


STAGES = [
    ("wait_for_scenes", "wait for scenes"), ("spawn", "spawn"), ("update", "update"), ("labels_and_wait", "labels, device"),
    ("wait_for_encoders", "wait for encoders"), ("prepare", "prepare (ahead)"), ("develop", "develop"), ("annotate", "annotate"),
    ("audit", "audit"), ("encode", "encode"), ("write", "write"),
]  # fmt: skip


def markdown(env: dict[str, object], rows: list[dict], fits: list[dict]) -> str:
    """What goes into docs/performance.md: the cross, the axes, and how cost grows."""
    by_cell = {Cell(r["objects"], tuple(r["size"]), r["outputs"], r["processes"], r["also"]): r for r in rows if "failed" not in r}

    def shown(cell: Cell) -> str:
        r = by_cell.get(cell)
        return f"{r['images_per_s']:.3g} ({r['cpu_s_per_image']:.3f})" if r else "-"

    text = measure.head(env) + "\n\n"
    loads = [100 * r["foreign_load"] for r in by_cell.values()]
    if loads:
        text += f"Other work on the machine meanwhile: {min(loads):.0f} to {max(loads):.0f} % of its cores.\n\n"
    cross = [(n, size) for n in (10, 100, 1000) for size in SIZES if any(Cell(n, size, o) in by_cell for o in OUTPUTS)]
    if cross:
        text += "Images/s of one process (processor seconds for each image):\n\n"
        lines = [[f"{n} objects, {w}x{h}", *(shown(Cell(n, (w, h), o)) for o in OUTPUTS)] for n, (w, h) in cross]
        text += measure.table(["", "colour", "colour and COCO", "all outputs"], lines) + "\n"
    ones = [cell for cell in cells() if cell.processes == 1 and cell in by_cell and dataclasses.replace(cell, processes=CORES) in by_cell]
    if CORES > 1 and ones:
        text += f"The same, one axis at a time, and of {CORES} processes at once with `LP_NUM_THREADS=0`:\n\n"
        lines = []
        for cell in ones:
            r = by_cell[cell]
            more = [f"{100 * r['encoders_busy']:.0f} %", "-" if r["gpu_busy"] is None else f"{100 * r['gpu_busy']:.0f} %"]
            more += [f"{r['peak_rss_mb']:.0f}", f"{r['first_image_s']:.1f}", f"{r['kb_per_image']:.0f}"]
            lines.append([cell.name[: -len("/p1")], shown(cell), shown(dataclasses.replace(cell, processes=CORES)), *more])
        header = ["", "one process", f"{CORES} processes", "encoders busy", "GPU busy", "peak MB", "first image after s", "KB/image"]
        text += measure.table(header, lines) + "\n"
    several = Cell(also="renderers")
    if several in by_cell:
        r = by_cell[several]
        text += f"One process with `--renderers {several.renderers}` and `LP_NUM_THREADS=0`, {several.name[: -len('/renderers/p1')]}: "
        text += f"{shown(several)}, {r['peak_rss_mb']:.0f} MB\n\n"
    for f in fits:
        text += (
            f"`{f['outputs']}`, {f['of']}: {f['ms']:.0f} ms + {f['ms_per_object']:.2f} ms per object + {f['ms_per_megapixel']:.0f} ms per megapixel, "
            f"one process (relative error {100 * f['relative_rms']:.0f} %, {f['cells']} cells)\n\n"
        )
    return text + "".join(f"FAILED {r['cell']}: {r['failed']}\n\n" for r in rows if "failed" in r)


def details(rows: list[dict]) -> str:
    """Every cell with everything."""
    good = [r for r in rows if "failed" not in r]
    header = ["objects/size/outputs/processes", "images/s", "CPU s/image", "cores busy", "encoders busy", "render thread busy", "GPU busy"]
    header += ["peak MB", "GPU MB", "first image s", "KB/image", "encoders alone, images/s", "others %", "steal %"]
    lines = []
    for r in good:
        gpu = "-" if r["gpu_busy"] is None else f"{100 * r['gpu_busy']:.0f} %"
        gpu_memory = "-" if r["gpu_memory_mb"] is None else f"{r['gpu_memory_mb']:.0f}"
        limit = f"{r['encoder_limit_images_per_s']:.3g}" if r["encoder_limit_images_per_s"] else "-"
        lines.append([
            r["cell"], f"{r['images_per_s']:.3g}", f"{r['cpu_s_per_image']:.3f}", f"{r['cores_busy']:.2f}", f"{100 * r['encoders_busy']:.0f} %",
            f"{100 * r['render_thread_busy']:.0f} %", gpu, f"{r['peak_rss_mb']:.0f}", gpu_memory, f"{r['first_image_s']:.1f}",
            f"{r['kb_per_image']:.0f}", limit, f"{100 * r['foreign_load']:.0f}", f"{100 * r['steal']:.0f}",
        ])  # fmt: skip
    text = measure.table(header, lines) + "\nMilliseconds for each image by stage, the first images (in which shaders are compiled) included:\n\n"
    stages = [[r["cell"], *(f"{r['stages_ms'].get(key, 0):.3g}" for key, _ in STAGES)] for r in good]
    return text + measure.table(["cell", *(name for _, name in STAGES)], stages)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--cells", type=re.compile, default=re.compile(""))
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--out", type=Path, default=REPO / "out" / "bench")
    args = parser.parse_args()
    chosen = [cell for cell in (QUICK if args.quick else cells()) if args.cells.search(cell.name)]
    if args.list:
        print(*(cell.name for cell in chosen), sep="\n")
        return 0
    if not chosen:
        print("no cell has such a name; --list shows them")
        return 2
    seconds = 0.5 if args.quick else args.seconds
    binary, out = args.binary.resolve(), args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    env, guess, rows = measure.environment(binary), Guess(), []
    with tempfile.TemporaryDirectory(dir=out) as work:
        for number, cell in enumerate(chosen):
            row = measure_cell(cell, binary, seconds, guess, Path(work) / "run")
            rows.append(row)
            said = f"FAILED: {row['failed']}" if "failed" in row else f"{row['images_per_s']:.3g} images/s, {row['cpu_s_per_image']:.3f} CPU s/image"
            print(f"{number + 1}/{len(chosen)} {cell.name}: {said}", flush=True)
            fits = fit(rows)
            measure.save(out / "ladder.json", {"environment": env, "warm_up_images": WARM, "cells": rows, "fits": fits})
            (out / "ladder.md").write_text(markdown(env, rows, fits))
            (out / "details.md").write_text(details(rows))
    print((out / "ladder.md").read_text())
    print((out / "details.md").read_text())
    print(f"{out / 'ladder.json'}, {out / 'ladder.md'}, {out / 'details.md'}")
    return 1 if any("failed" in row for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
