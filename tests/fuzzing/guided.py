"""Fuzzing that sees which lines of colanet an input reaches, by atheris (libFuzzer), in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

from tests.faults.work import ROOT, environment
from tests.fuzzing.hunt import LONGEST, Found

ROOM = 3072
"""MiB of memory that a reader may take."""


def there() -> bool:
    """Whether atheris is installed."""
    return importlib.util.find_spec("atheris") is not None


def hunt(name: str, folder: Path, seconds: float, seed: int) -> Found:
    """Let libFuzzer change files for so many seconds; a crash of the process is a finding."""
    (folder / "corpus").mkdir(parents=True)
    (folder / "findings").mkdir()
    words = [
        sys.executable, "-m", "tests.fuzzing.child", name, str(folder), str(folder / "corpus"),
        f"-max_total_time={max(1, round(seconds))}", f"-seed={seed + 1}", f"-artifact_prefix={folder}/findings/",
        f"-timeout={10 * LONGEST}", f"-rss_limit_mb={ROOM}", "-print_final_stats=1", "-verbosity=1",
    ]  # fmt: skip
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    report = folder / "found.json"
    found = Found(**json.loads(report.read_text())) if report.exists() else Found()
    found.guided = True
    runs = re.findall(r"Done (\d+) runs in (\d+) second", done.stderr)
    if runs:
        found.inputs, found.seconds = int(runs[-1][0]), float(runs[-1][1])
    covers = re.findall(r"cov: (\d+)", done.stderr)
    found.coverage = int(covers[-1]) if covers else None
    if done.returncode or not runs:
        last = [line for line in done.stderr.splitlines() if "ERROR" in line or "Error" in line]
        last = last or done.stderr.splitlines()[-1:] or ["it said nothing"]
        found.findings.append(f"the process ended with status {done.returncode}: {last[0]}")
    return found
