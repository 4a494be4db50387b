"""Other renderers beside us, in one run: the same scene, the same outputs, turn by turn. Run by scripts/bench --peers."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

import measure
import spec
from measure import CORES, REPO, Command, Failed, Measured

HERE = Path(__file__).resolve().parent
WARM = 3


@dataclasses.dataclass(frozen=True)
class Peer:
    """A renderer, what it needs from PyPI, and what it lacks of what we do in the same time."""

    name: str
    script: str
    packages: tuple[str, ...]
    lacks: str
    options: tuple[str, ...] = ()
    # Whether a process for each core makes sense: not for what keeps all cores busy anyway.
    per_core: bool = True
    # Images of a run; those of slow ones are fewer.
    images: int = 25
    # Whether its drawing goes through a driver that draws on the processor where there is no GPU.
    driver: bool = True
    # What ours leaves out in rows of their own, because this one has nothing like it.
    alike: tuple[str, ...] = ()


PEERS = [
    Peer(
        "MuJoCo", "mujoco", ("mujoco==4.0.0",),
        "Phong: no PBR, no environment light; shapes cannot change without compiling the model anew; no boxes or masks",
    ),
    Peer(
        "SAPIEN", "sapien", ("sapien==3.0.3",),
        "no anti-aliasing, no environment light (ambient constant); textures replace tints; no boxes or masks",
        alike=("--set", "image.anti_aliasing=Off"),
    ),
    Peer(
        "pyrender", "pyrender", ("pyrender==0.1.45", "PyOpenGL==3.1.10"),
        "no environment light (ambient constant); ids by a second rendering; no boxes or masks",
    ),
    Peer(
        "Cycles, 1 sample", "cycles", ("bpy==5.0.1", "OpenEXR==3.4.4"),
        "traces light (3 bounces) where we rasterise; 1 sample is noise; no boxes or masks", ("--samples", "1"), False, 8, False,
    ),
    Peer(
        "Cycles, 8 samples", "cycles", ("bpy==5.0.1", "OpenEXR==3.4.4"),
        "traces light (3 bounces) where we rasterise; still noisy; no boxes or masks", ("--samples", "8"), False, 6, False,
    ),
]  # fmt: skip
# With OpenCV for all: what each writes is encoded alike.
COMMON = ("numpy", "opencv-python-headless")


def install(peer: Peer, cache: Path) -> Path:
    """The Python of the peer's own environment, made once for each list of packages. Raises `Failed`."""
    packages = [*peer.packages, *COMMON]
    folder = cache / "bench" / f"{peer.script}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    print(f"installing {peer.name} into {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    # Dependencies are left to the peer, but for pins of it that no longer fit.
    first = [["--no-deps", "pyrender==0.1.45"], [p for p in packages if not p.startswith("pyrender")]] if peer.script == "pyrender" else [packages]
    extra = ["freetype-py", "imageio", "networkx", "Pillow", "pyglet<2", "scipy", "six", "trimesh"] if peer.script == "pyrender" else []
    steps = [[sys.executable, "-m", "venv", str(folder)]]
    steps += [[str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *p] for p in [*first, extra] if p]
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=1800)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failed(f"not installed: {error}") from None
        if done.returncode != 0:
            raise Failed(f"not installed: {(done.stderr or done.stdout).strip()[-300:]}")
    (folder / "complete").touch()
    return python


def commands(make, processes: int, count: int, work: Path, driver: bool) -> list[Command]:
    """`processes` commands on ranges of indices that do not meet. `make(out, first)` gives the arguments of one."""
    shutil.rmtree(work, ignore_errors=True)
    alone = {"LP_NUM_THREADS": "0"} if driver and processes > 1 else {}
    return [Command(make(work / str(p), p * count), work / str(p), count, alone) for p in range(processes)]


def ours(binary: Path, assets: Path, options: tuple[str, ...] = ()):
    def make(out: Path, first: int, count: int) -> list[str]:
        arguments = [str(binary), "render", str(assets / "ours.ron"), "--out", str(out), "--depth", "png", *options]
        return [*arguments, "--count", str(count), "--first-index", str(first)]

    return make


def theirs(peer: Peer, python: Path, assets: Path):
    def make(out: Path, first: int, count: int) -> list[str]:
        arguments = [str(python), str(HERE / f"peer_{peer.script}.py"), "--assets", str(assets), "--out", str(out)]
        return [*arguments, "--count", str(count), "--first", str(first), *peer.options]

    return make


def agree(folder: Path, reference: Path) -> dict[str, float]:
    """The first image against ours of the same scene. Raises `Failed` where it shows something else, or nothing."""
    colour, ids, depth = (cv2.imread(str(folder / kind / "000000.png"), -1) for kind in ("images", "ids", "depth"))
    own_ids, own_depth = (cv2.imread(str(next((reference / kind).glob("*.png"))), -1) for kind in ("ids", "depth"))
    if colour is None or ids is None or depth is None or colour.std() < 10 or not 20 < colour.mean() < 245:
        raise Failed("its images show nothing")
    both = (depth > 0) & (own_depth > 0)
    result = {
        "ids_that_differ": float(np.mean(ids != own_ids)),
        "median_depth_difference_mm": float(np.median(np.abs(depth[both].astype(float) - own_depth[both]))),
    }
    if result["ids_that_differ"] > 1e-3 or not result["median_depth_difference_mm"] <= 5:
        raise Failed(f"its labels are of another scene: {result}")
    return result


def compare(peer: Peer, make, ours_make, processes: int, args: argparse.Namespace, work: Path) -> dict[str, object]:
    """Turn by turn: ours, theirs, ours, theirs."""
    pairs: list[tuple[Measured, Measured]] = []
    scale = 0.4 if args.quick else 1.0
    count = WARM + max(3, round(scale * peer.images))
    own = WARM + max(3, round(scale * 25))
    for number in range(1 if args.quick else args.pairs):
        a = measure.run(commands(lambda out, first: ours_make(out, first, own), processes, own, work, True), WARM)
        b = measure.run(commands(lambda out, first: make(out, first, count), processes, count, work, peer.driver), WARM)
        pairs.append((a, b))
        print(f"{peer.name}, {processes} process(es), pair {number + 1}: {a.images_per_s:.3g} and {b.images_per_s:.3g} images/s", flush=True)
    shutil.rmtree(work, ignore_errors=True)
    ratios = [a.images_per_s / b.images_per_s for a, b in pairs]
    cpu = [b.cpu_s_per_image / a.cpu_s_per_image for a, b in pairs]
    return {
        "peer": peer.name,
        "processes": processes,
        "lacks": peer.lacks,
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
        "cpu_ratio": statistics.median(cpu),
        "cpu_ratio_range": [min(cpu), max(cpu)],
        "pairs": [{"ours": dataclasses.asdict(a), "theirs": dataclasses.asdict(b)} for a, b in pairs],
    }


def markdown(env: dict[str, object], rows: list[dict]) -> str:
    """What goes into docs/performance.md."""
    text = measure.head(env) + "\n\n"
    header = ["beside", "processes", "its images/s", "ours", "ratio (least to most)", "its CPU s/image", "ours", "ratio", "its peak MB", "ours"]
    lines = []
    for r in (r for r in rows if "ratio" in r):

        def middle(side: str, key: str, r: dict = r) -> float:
            return statistics.median(p[side][key] for p in r["pairs"])

        lines.append([
            r["peer"] + (f" (ours with `{r['ours_with']}`)" if "ours_with" in r else ""), str(r["processes"]), f"{middle('theirs', 'images_per_s'):.3g}", f"{middle('ours', 'images_per_s'):.3g}",
            f"{r['ratio']:.3g} ({r['ratio_range'][0]:.3g} to {r['ratio_range'][1]:.3g})", f"{middle('theirs', 'cpu_s_per_image'):.3f}",
            f"{middle('ours', 'cpu_s_per_image'):.3f}", f"{r['cpu_ratio']:.3g}", f"{middle('theirs', 'peak_rss_mb'):.0f}",
            f"{middle('ours', 'peak_rss_mb'):.0f}",
        ])  # fmt: skip
    text += measure.table(header, lines)
    loads = [p[side]["foreign_load"] for r in rows if "ratio" in r for p in r["pairs"] for side in ("ours", "theirs")]
    if loads:
        text += f"\nOther work on the machine meanwhile: {100 * min(loads):.0f} to {100 * max(loads):.0f} % of its cores.\n"
    text += "\nWhat they leave out: " + "; ".join(f"**{r['peer']}** {r['lacks']}" for r in rows if r.get("processes") == 1 and "ratio" in r and "ours_with" not in r) + ".\n"
    for r in rows:
        if "agreement" in r:
            a = r["agreement"]
            text += f"\n{r['peer']}: {a['ids_that_differ']:.1e} of the pixels have another id than ours, "
            text += f"depth differs by {a['median_depth_difference_mm']:.0f} mm (median).\n"
        if "failed" in r:
            text += f"\n{r['peer']}: {r['failed']}\n"
    return text


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --peers", description=__doc__)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="few images and one pair: whether it works")
    parser.add_argument("--cells", type=re.compile, default=re.compile(""), help="only peers whose name this matches")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--out", type=Path, default=REPO / "out" / "bench")
    args = parser.parse_args()
    binary, out = args.binary.resolve(), args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    env, rows = measure.environment(binary), []
    with tempfile.TemporaryDirectory(dir=out) as folder:
        assets, work, reference = Path(folder) / "assets", Path(folder) / "run", Path(folder) / "reference"
        spec.write(assets, 400)
        first = [str(binary), "render", str(assets / "first.ron"), "--out", str(reference), "--depth", "png"]
        subprocess.run(first, check=True, stdout=subprocess.DEVNULL)
        for peer in (p for p in PEERS if args.cells.search(p.name)):
            try:
                make = theirs(peer, install(peer, args.cache), assets)
                measure.run(commands(lambda out, first, make=make: make(out, first, 1), 1, 1, work, peer.driver), 0)
                agreement = agree(work / "0", reference)
                shutil.copy(work / "0" / "images" / "000000.png", out / f"peer_{peer.script}.png")
                for processes in [1, CORES] if peer.per_core and CORES > 1 else [1]:
                    rows.append(compare(peer, make, ours(binary, assets), processes, args, work))
                    if processes == 1:
                        rows[-1]["agreement"] = agreement
                    if peer.alike:
                        row = compare(peer, make, ours(binary, assets, peer.alike), processes, args, work)
                        rows.append(row | {"ours_with": " ".join(peer.alike)})
            except (Failed, OSError) as error:
                print(f"{peer.name}: {error}", flush=True)
                rows.append({"peer": peer.name, "failed": str(error)})
            measure.save(out / "peers.json", {"environment": env, "warm_up_images": WARM, "peers": rows})
            (out / "peers.md").write_text(markdown(env, rows))
    print((out / "peers.md").read_text())
    print(f"{out / 'peers.json'}, {out / 'peers.md'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
