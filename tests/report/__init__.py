"""The folder that docs/report.md leaves behind, and what is in a page."""

import json
import re
import shlex
from pathlib import Path

import numpy as np

from colanet.cli import main
from colanet.continual.outcome import Confusions, Outcome
from colanet.continual.results import write_outcome
from tests.continual.toys import experiment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line) for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]
MATRIX = np.array([[0.9, np.nan, np.nan], [0.8, 0.7, np.nan], [0.5, 0.6, 0.75]])


def write_course(path, seed=0):
    """A run of three tasks of two classes, six neurons of 2 x 2 pixels in two columns."""
    places = np.argwhere(np.isfinite(MATRIX))
    counts = np.tile([[3, 1], [2, 4]], (len(places), 1, 1))
    fields = np.random.default_rng(seed).normal(size=(3, 4, 6)).astype(np.float32)
    fields[:, :, 5] = 0
    outcome = Outcome(
        matrix=MATRIX, unanswered=np.full((3, 3), 0.1), confusion=Confusions(places, counts, 3),
        untrained=np.full(3, np.nan), running=np.array([0.5, 0.75]), boundaries=np.array([400, 800, 1200]),
        fields=fields, columns=2, train_seconds=1.0, test_seconds=0.5, digest="d" * 64, seed=seed,
        data={"mnist": "e" * 64},
    )  # fmt: skip
    network = {"populations": [{"name": "L", "tau_m": 5 + seed}]}
    write_outcome(path, experiment(), json.dumps(network), "abc", outcome)
    return path


def run_page(folder):
    """Run the commands of the page in a folder; of the run of several tasks a small one stands in."""
    (folder / "configs").symlink_to(ROOT / "configs")
    (folder / "results" / "letters").mkdir(parents=True)
    write_course(folder / "results" / "letters" / "parameters_of_MNIST_seed0.h5")
    for _, *words in COMMANDS:
        if words[0] != "continual":
            main([*words, "--quiet", *(["--threads", "1"] if words[0] == "run" else [])])


def content(text):
    """The figures and the fields that a page holds."""
    return json.loads(re.search(r'id="content">(.*?)</script>', text, re.DOTALL)[1])
