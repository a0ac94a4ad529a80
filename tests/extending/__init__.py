"""Small packages that are not ours, used through the command line in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def colanet(folder: Path, *arguments: object) -> tuple[int, str, str]:
    """Run `colanet` with the packages of a folder installed; returns exit status, standard output and error."""
    paths = os.pathsep.join([str(folder), str(ROOT)])
    environment = {key: value for key, value in os.environ.items() if key != "COLANET_DATA"}
    done = subprocess.run(
        [sys.executable, "-m", "colanet", *map(str, arguments)],
        cwd=folder,
        env=environment | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
