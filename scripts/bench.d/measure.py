"""Runs commands that write images, and measures them from outside: files, processor time and memory as the system counts them."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
CORES = len(os.sched_getaffinity(0))
SUFFIXES = {".png", ".jpg", ".exr", ".npy", ".json"}


class Failed(Exception):
    """A command did not end well; the text says why."""


@dataclass
class Command:
    """A command that writes images under `out`, one after the other, and the images that it is to write."""

    arguments: list[str]
    out: Path
    count: int
    environment: dict[str, str] = field(default_factory=dict)
    # Folder under `out` in which each image has one file.
    images: str = "images"


@dataclass
class Measured:
    """What commands that ran side by side took, together. Rates leave out the first `warm` images of each."""

    images: int
    seconds: float
    images_per_s: float
    cpu_s_per_image: float
    first_image_s: float
    whole_s: float
    peak_rss_mb: float
    kb_per_image: float
    cores_busy: float
    foreign_load: float
    steal: float
    gpu_busy: float | None
    gpu_memory_mb: float | None


@dataclass
class _Sample:
    time: float
    cpu: float


def run(commands: list[Command], warm: int, limit_s: float = 900) -> Measured:
    """Runs all commands at once. Raises `Failed` if one of them fails, writes too few images or takes longer than `limit_s`."""
    before, started = _host(), time.time()
    processes, logs = [], []
    for command in commands:
        command.out.parent.mkdir(parents=True, exist_ok=True)
        log = command.out.with_name(command.out.name + ".log").open("wb+")
        logs.append(log)
        environment = {**os.environ, **command.environment}
        processes.append(subprocess.Popen(command.arguments, stdout=log, stderr=log, env=environment, cwd=REPO))
    gpu = _Gpu()
    samples: list[list[_Sample]] = [[] for _ in commands]
    status: list[int | None] = [None] * len(commands)
    usages = [None] * len(commands)
    try:
        while any(s is None for s in status):
            time.sleep(0.03)
            for number, process in enumerate(processes):
                if status[number] is not None:
                    continue
                cpu = _cpu_of(process.pid)
                if cpu is not None:
                    samples[number].append(_Sample(time.time(), cpu))
                pid, code, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    status[number], usages[number] = os.waitstatus_to_exitcode(code), usage
                    process.returncode = status[number]
                    samples[number].append(_Sample(time.time(), usage.ru_utime + usage.ru_stime))
            if time.time() - started > limit_s:
                raise Failed(f"took longer than {limit_s:.0f} s")
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                process.wait()
        gpu.stop()
    ended, after = time.time(), _host()
    for number, log in enumerate(logs):
        log.seek(0)
        said = log.read().decode(errors="replace").strip()
        log.close()
        if status[number] != 0:
            raise Failed(f"exit code {status[number]}: {said[-600:]}")

    starts, ends, written = [], [], []
    for command in commands:
        done = sorted(path.stat().st_mtime for path in (command.out / command.images).iterdir())
        if len(done) < command.count or command.count <= warm:
            raise Failed(f"{len(done)} of {command.count} images in {command.out}")
        written.append(done)
        starts.append(done[warm - 1] if warm else started)
        ends.append(max(p.stat().st_mtime for p in command.out.rglob("*") if p.suffix in SUFFIXES))
    if len(commands) == 1:
        # To the last file, lists of annotations included.
        begin, end = starts[0], ends[0]
        images = commands[0].count - warm
    else:
        # While all of them were at work.
        begin, end = max(starts), min(done[-1] for done in written)
        images = sum(sum(begin < t <= end for t in done) for done in written)
    seconds = end - begin
    if images < 1 or seconds <= 0:
        raise Failed("the processes hardly ran at the same time: more images are needed")
    cpu = sum(_at(s, end) - _at(s, begin) for s in samples)
    own = sum(u.ru_utime + u.ru_stime for u in usages if u is not None)
    wall = ended - started
    size = sum(p.stat().st_size for c in commands for p in c.out.rglob("*") if p.is_file())
    return Measured(
        images=images,
        seconds=seconds,
        images_per_s=images / seconds,
        cpu_s_per_image=cpu / images,
        first_image_s=min(done[0] for done in written) - started,
        whole_s=wall,
        peak_rss_mb=sum(u.ru_maxrss for u in usages if u is not None) / 1024,
        kb_per_image=size / 1024 / sum(c.count for c in commands),
        cores_busy=cpu / seconds,
        foreign_load=max(0.0, after[0] - before[0] - own) / wall / CORES,
        steal=(after[1] - before[1]) / wall / CORES,
        gpu_busy=gpu.busy(),
        gpu_memory_mb=gpu.memory(),
    )


def _cpu_of(pid: int) -> float | None:
    """User and system time of a process in seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS


def _host() -> tuple[float, float]:
    """Seconds that all processors have worked, and that the host has taken from them."""
    v = [int(x) / TICKS for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return v[0] + v[1] + v[2] + v[5] + v[6], v[7]


def _at(samples: list[_Sample], when: float) -> float:
    """Processor time by `when`, between samples in straight lines."""
    last = _Sample(when, 0.0)
    for sample in samples:
        if sample.time >= when:
            span = sample.time - last.time
            return last.cpu + (sample.cpu - last.cpu) * ((when - last.time) / span if span > 0 and last.cpu else 0)
        last = sample
    return last.cpu


class _Gpu:
    """What nvidia-smi says, once a second, while a run goes on. Nothing, where there is none."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, float]] = []
        query = ["nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits", "-l", "1"]
        try:
            self._process = subprocess.Popen(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError:
            self._process = None
            return
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            try:
                busy, memory = (float(x) for x in line.split(","))
            except ValueError:
                continue
            self._rows.append((busy / 100, memory))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._thread.join()

    def busy(self) -> float | None:
        rows = self._rows[1:-1] or self._rows
        return sum(r[0] for r in rows) / len(rows) if rows else None

    def memory(self) -> float | None:
        return max((r[1] for r in self._rows), default=None)


# ---- Where it was measured --------------------------------------------------------------------------------------------


def environment(binary: Path) -> dict[str, object]:
    """The machine, the program and the time, for the head of the results."""
    cpu = [line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = [int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    system = [line.split("=", 1)[1].strip('"') for line in _lines("/etc/os-release") if line.startswith("PRETTY_NAME=")]
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cpu": cpu[0] if cpu else platform.processor(),
        "cores": CORES,
        "memory_gib": round(memory[0] / 2**20, 1) if memory else None,
        "system": system[0] if system else platform.platform(),
        "kernel": platform.release(),
        "adapters": _said([str(binary), "doctor"]).splitlines()[:4],
        "program": _said([str(binary), "--version"]),
        "commit": _said(["git", "-C", str(REPO), "describe", "--always", "--dirty", "--abbrev=10"]),
        "load_average": os.getloadavg(),
    }


def head(env: dict[str, object]) -> str:
    """The environment in one line of Markdown."""
    adapter = next((a.lstrip("* ") for a in env["adapters"] if a.startswith("*")), "no adapter")
    return (
        f"{env['date']}, {env['cpu']}, {env['cores']} cores, {env['memory_gib']} GiB, {env['system']}; {adapter}; "
        f"{env['program']} ({env['commit']})"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _said(arguments: list[str]) -> str:
    try:
        return subprocess.run(arguments, capture_output=True, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def save(path: Path, data: object) -> None:
    """JSON, whole or not at all."""
    half = path.with_suffix(".half")
    half.write_text(json.dumps(data, indent=1) + "\n")
    half.rename(path)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown: the first column text, the others numbers."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
