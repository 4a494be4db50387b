#!/usr/bin/env python3
"""Runs the program, does to it what happens to programs on machines that nobody watches, and compares what is there in the end with what an
undisturbed run writes: byte for byte.

    faults.py PROGRAM [--kills 12] [--scenes 24] [--seed 1]
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ASSETS = HERE.parent.parent / "assets"


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, and the hash of what is in it."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class Skip(Exception):
    """Something cannot be tried here."""


class Faults:
    def __init__(self, program: str, scenes: int, kills: int, seed: int, work: Path) -> None:
        self.program, self.scenes, self.kills, self.work = program, scenes, kills, work
        self.random = random.Random(seed)
        self.recipe = work / "recipe" / "faults.ron"
        self.recipe.parent.mkdir()
        shutil.copy(HERE / "faults.ron", self.recipe)
        for name in ("mug.glb", "wood.png"):
            shutil.copy(ASSETS / name, self.recipe.parent / name)
        start = time.monotonic()
        self.reference = self.work / "reference"
        self.ends(self.run(self.reference), 0)
        self.takes = time.monotonic() - start
        self.expected = tree(self.reference)
        assert len(self.expected) > 4 * scenes, "the reference is a dataset"

    def command(self, out: Path, *more: str) -> list[str]:
        return [self.program, "render", str(self.recipe), "--count", str(self.scenes), "--out", str(out), *more]

    def run(self, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(out, *more), capture_output=True, text=True, timeout=600)

    def begin(self, out: Path, *more: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        command = self.command(out, *more)
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)

    def tool(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=600)

    @staticmethod
    def ends(done: subprocess.CompletedProcess[str], code: int, says: str = "") -> None:
        text = done.stdout + done.stderr
        assert done.returncode == code, f"exit code {done.returncode}, not {code}:\n{text}"
        assert says in text, f"it does not say {says!r}:\n{text}"
        assert "panicked" not in text, text

    def is_right(self, out: Path) -> None:
        """An undisturbed run from here ends with the bytes of the reference."""
        self.ends(self.run(out), 0)
        self.same(out)

    def same(self, out: Path) -> None:
        found = tree(out)
        names = sorted(set(found) ^ set(self.expected))
        assert not names, f"files that only one has: {names[:10]}"
        different = [name for name in found if found[name] != self.expected[name]]
        assert not different, f"files that differ: {different[:10]}"

    def wait_for_images(self, out: Path, count: int, process: subprocess.Popen[str]) -> None:
        images = out / "images"
        while process.poll() is None and not (images.is_dir() and len(list(images.glob("[!.]*"))) >= count):
            time.sleep(0.005)

    # ---- What can happen ---------------------------------------------------------------------------------------------

    def killed_at_any_moment(self) -> None:
        left, rounds = self.kills, 0
        while left > 0:
            out = self.work / f"killed-{rounds}"
            rounds += 1
            # Some kills to each dataset, at any moment of what is left of it.
            for _ in range(min(left, self.random.randint(1, 4))):
                process = self.begin(out, "--renderers", str(self.random.randint(1, 2)))
                time.sleep(self.random.uniform(0.0, self.takes))
                process.kill()
                process.communicate()
                left -= 1
            self.is_right(out)
            shutil.rmtree(out)
        print(f"  {self.kills} kills, {rounds} datasets")

    def asked_to_stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            out = self.work / f"stopped-{number.name}"
            process = self.begin(out)
            self.wait_for_images(out, 3, process)
            asked = time.monotonic()
            process.send_signal(number)
            text = "".join(process.communicate(timeout=60))
            took = time.monotonic() - asked
            assert process.returncode == 75, f"{number.name}: exit code {process.returncode}:\n{text}"
            assert "the same command goes on" in text, text
            assert took < 10, f"{number.name}: it took {took:.1f} s"
            self.ends(self.tool("status", str(out)), 75, "not complete")
            assert not list(out.rglob(".unfinished-*")), "half a file is left"
            self.is_right(out)
            self.ends(self.tool("status", str(out)), 0, "complete")

    def several_renderers(self) -> None:
        out = self.work / "renderers"
        process = self.begin(out, "--renderers", "3")
        self.wait_for_images(out, 4, process)
        process.send_signal(signal.SIGTERM)
        text = "".join(process.communicate(timeout=60))
        assert process.returncode == 75 and "panicked" not in text, f"exit code {process.returncode}:\n{text}"
        # More of them than scenes are left, and one for a dataset that is there already.
        self.ends(self.run(out, "--renderers", str(self.scenes)), 0)
        self.same(out)
        self.ends(self.run(out, "--renderers", "2"), 0)
        self.same(out)
        self.ends(self.run(out, "--renderers", "0"), 2, "--renderers")

    def too_much_memory(self) -> None:
        out = self.work / "memory"
        self.ends(self.run(out, "--max-memory", "1M"), 75, "--max-memory")
        self.ends(self.run(out, "--max-memory", "1M"), 75, "--max-memory")
        done = int(self.tool("status", str(out)).stdout.split(": ")[1].split()[0])
        assert done >= 4, f"two runs made {done} images: each has to make some, or it would never end"
        self.is_right(out)

    def shards(self) -> None:
        out, elsewhere = self.work / "shards", self.work / "elsewhere"
        for number in self.random.sample(range(16), 16):
            self.ends(self.run(out if number % 2 else elsewhere, "--shard", f"{number}/16"), 0)
        self.ends(self.tool("merge", str(out)), 75, "not complete")
        self.ends(self.tool("merge", str(out), str(elsewhere)), 0)
        self.same(out)
        environment = dict(os.environ, SLURM_ARRAY_TASK_ID="2")
        auto = self.work / "auto"
        command = self.command(auto, "--shard", "auto/2", "--shard-base", "1")
        self.ends(subprocess.run(command, capture_output=True, text=True, env=environment), 0, "shard 1 of 2")
        # With the number of shards too, where the scheduler says it; of an array from 5 to 8 this is the third of four.
        command = self.command(auto, "--shard", "auto")
        slurm = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "5"}
        for scheduler, code, says in (
            (slurm, 0, "shard 2 of 4"),
            ({"AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": "3"}, 0, "shard 0 of 3"),
            ({"JOB_COMPLETION_INDEX": "1", "SCENEWRIGHT_SHARDS": "5"}, 0, "shard 1 of 5"),
            ({"HQ_TASK_ID": "1"}, 2, "nothing says of how many"),
            (slurm | {"SLURM_ARRAY_TASK_COUNT": "2"}, 2, "there is no shard 2 of 2"),
            ({"SLURM_ARRAY_TASK_ID": "x", "SLURM_ARRAY_TASK_COUNT": "2"}, 2, "not a whole number"),
            ({}, 2, "no scheduler says"),
        ):
            environment = dict(os.environ, **scheduler)
            self.ends(subprocess.run(command, capture_output=True, text=True, env=environment), code, says)

    def two_at_once(self) -> None:
        out = self.work / "two"
        first = self.begin(out)
        self.wait_for_images(out, 1, first)
        # It holds still meanwhile: it would be done before the second has come that far.
        first.send_signal(signal.SIGSTOP)
        try:
            self.ends(self.run(out), 75, "another process is rendering")
        finally:
            first.send_signal(signal.SIGCONT)
        first.communicate(timeout=600)
        assert first.returncode == 0
        self.same(out)

    def spoilt(self) -> None:
        out = self.work / "spoilt"
        shutil.copytree(self.reference, out)
        image, ids, depth = (sorted((out / name).iterdir())[5] for name in ("images", "ids", "depth"))
        text = bytearray(image.read_bytes())
        text[len(text) // 2] ^= 1
        image.write_bytes(text)
        ids.unlink()
        depth.write_bytes(depth.read_bytes()[:-10])
        annotations = out / "annotations" / "instances.json"
        annotations.write_text(annotations.read_text().replace('"area":', '"area":1', 1))
        verified = self.tool("verify", str(out))
        self.ends(verified, 65)
        for path in (image, ids, depth, annotations):
            assert str(path.relative_to(out)) in verified.stderr, verified.stderr
        self.is_right(out)
        self.ends(self.tool("verify", str(out)), 0, "0 wrong")
        # Of a journal: a line in the middle spoilt, the last one torn.
        journal = out / "journal" / "all.ndjson"
        lines = journal.read_bytes().splitlines(keepends=True)
        lines[3] = lines[3].replace(b"image", b"imagf", 1)
        journal.write_bytes(b"".join(lines)[:-40])
        self.ends(self.tool("status", str(out)), 75, "torn or spoilt lines in its journals: 2")
        self.is_right(out)

    def another_recipe(self) -> None:
        out = self.work / "other"
        shutil.copytree(self.reference, out)
        self.ends(self.run(out, "--seed", "5"), 65, "its seed is 0, not 5")
        self.ends(self.run(out, "--set", "objects.balls.count=1"), 65, "--set")
        self.ends(self.run(out, "--depth", "png"), 65, "--depth")
        self.same(out)

    def file_deleted(self) -> None:
        out, model = self.work / "deleted", self.recipe.parent / "mug.glb"
        process = self.begin(out)
        self.wait_for_images(out, 1, process)
        kept = model.read_bytes()
        model.unlink()
        process.communicate(timeout=600)
        # It had read what it needs.
        assert process.returncode == 0, process.returncode
        self.ends(self.run(out), 65, "mug.glb")
        model.write_bytes(kept + b"\0")
        model.write_bytes(kept)
        self.is_right(out)

    def nobody_listens(self) -> None:
        for name, stdout, stderr, codes in (
            ("full-stdout", "/dev/full", "/dev/null", {74}),
            ("full-stderr", "/dev/null", "/dev/full", {0}),
            ("full-both", "/dev/full", "/dev/full", {74}),
        ):
            if not Path("/dev/full").exists():
                raise Skip("no /dev/full here")
            out = self.work / name
            with open(stdout, "w") as one, open(stderr, "w") as two:
                code = subprocess.run(self.command(out), stdout=one, stderr=two, timeout=600).returncode
            assert code in codes, f"{name}: exit code {code}"
            self.same(out)
        out = self.work / "closed"
        code = subprocess.run(["sh", "-c", '"$@" >&- 2>&-', "sh", *self.command(out)], timeout=600).returncode
        assert code in (0, 74), code
        self.same(out)

    def disk(self) -> None:
        """A full disk, one that becomes read-only, and one that is."""
        out = self.work / "disk"
        out.mkdir()

        def mount(options: str) -> None:
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(out)], check=True, capture_output=True)

        try:
            mount("size=300k")
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            raise Skip("a disk of its own needs the right to mount one") from error
        try:
            folder = out / "dataset"
            self.ends(self.run(folder), 74, "cannot write")
            assert not list(folder.rglob(".unfinished-*")), "half a file is left"
            mount("remount,size=64m")
            mount("remount,ro")
            self.ends(self.run(folder), 74)
            self.ends(self.run(out / "new"), 74)
            mount("remount,rw,size=64m")
            self.is_right(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(out)], check=False)

    def permission_lost(self) -> None:
        """In mid-run, a folder can no longer be written to."""
        out = self.work / "lost"
        process = self.begin(out)
        self.wait_for_images(out, 6, process)
        folder, kept = out / "depth", out.with_name("kept")
        if os.geteuid() == 0:
            # Permissions are nothing to root: a folder that is none is.
            folder.rename(kept)
            folder.write_text("")
        else:
            folder.chmod(0o555)
        text = "".join(process.communicate(timeout=600))
        assert process.returncode == 74 and "cannot write" in text, text
        if os.geteuid() == 0:
            folder.unlink()
            kept.rename(folder)
        else:
            folder.chmod(0o755)
        self.is_right(out)

    def sizes(self) -> None:
        """What is too large is refused before it is tried; what is large is not."""
        start = time.monotonic()
        large = ["--set", "image.width=16384", "--set", "image.height=16384"]
        self.ends(self.run(self.work / "large", *large), 65, "too large")
        assert time.monotonic() - start < 60
        many = self.work / "many"
        command = [self.program, "render", str(self.recipe), "--out", str(many), "--set", "objects.table.shape=Box(40, 0.04, 40)"]
        command += ["--set", "objects.balls.count=1000"]
        self.ends(subprocess.run(command, capture_output=True, text=True, timeout=600), 0)

    def time_jumps(self) -> None:
        libraries = sorted(Path("/usr").glob("lib*/**/libfaketimeMT.so.1"))
        if not libraries:
            raise Skip("no libfaketime here")
        out, offset = self.work / "time", self.work / "offset"
        offset.write_text("+0\n")
        # The time of day alone: clocks that only ever run on do so here too.
        fake = {"FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        env = os.environ | fake | {"LD_PRELOAD": str(libraries[0])}
        process = self.begin(out, env=env)
        for images, jump in ((2, 20), (10, -15)):
            self.wait_for_images(out, images, process)
            offset.write_text(f"{jump:+}y\n")
            year = subprocess.run(["date", "-u", "+%Y"], capture_output=True, text=True, env=env).stdout
            assert abs(int(year) - time.gmtime().tm_year - jump) <= 1, f"libfaketime has no effect: {year}"
        text = "".join(process.communicate(timeout=600))
        assert process.returncode == 0, text
        self.same(out)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("--kills", type=int, default=12)
    arguments.add_argument("--scenes", type=int, default=24)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", default="")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        faults = Faults(given.program, given.scenes, given.kills, given.seed, Path(work))
        print(f"an undisturbed run takes {faults.takes:.1f} s and writes {len(faults.expected)} files")
        cases = [
            faults.asked_to_stop,
            faults.several_renderers,
            faults.killed_at_any_moment,
            faults.too_much_memory,
            faults.shards,
            faults.two_at_once,
            faults.spoilt,
            faults.another_recipe,
            faults.file_deleted,
            faults.nobody_listens,
            faults.disk,
            faults.permission_lost,
            faults.sizes,
            faults.time_jumps,
        ]
        failed = 0
        for case in cases:
            if given.only not in case.__name__:
                continue
            try:
                case()
                print(f"ok       {case.__name__}")
            except Skip as why:
                print(f"skipped  {case.__name__}: {why}")
            except AssertionError as error:
                failed += 1
                print(f"FAILED   {case.__name__}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
