"""Why are digits forgotten when letters follow? Three networks are compared with the one that learnt both:

* old weights put back: the neurons that had learnt digits get the weights they had before the letters came;
* new neurons silenced: only neurons that had learnt digits may fire;
* both.

    python -m experiments.letters_cause --data ../shared/data

If digits come back with the old weights, they were overwritten; if they come back with the new neurons silent, they
were outvoted. Writes letters_cause.md and letters_cause.json to experiments/results.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from colanet.atomic import write_text
from colanet.config.model import MAX_COPIES
from colanet.continual.experiment import Experiment, expand, load_experiment
from colanet.continual.metrics import mean_and_spread
from colanet.continual.results import plain, versions
from colanet.continual.run import Run, network_of
from colanet.continual.running import Say
from colanet.continual.tables import markdown_table, percent
from colanet.continual.task import Task, first_images
from colanet.continual.tasks import make_tasks
from colanet.locks import make_folder
from colanet.migration import EMPTY
from colanet.plan.variables import State
from colanet.programs import run_safely

HERE = Path(__file__).parent
VARIANTS = ("parameters of MNIST", "tuned thresholds and stability")
LEARNT = 0.3
"""A neuron has learnt if some synapse's resource moved by this much."""
TASKS = ("digits", "letters")
ROWS = ("after digits", "after letters", "old weights put back", "new neurons silenced", "both")


@dataclass(frozen=True)
class Options:
    """What is measured.

    Attributes
    ----------
    seeds, copies : int
        How many.
    train, test : int or None
        Only the first so many images a task.
    data_dir : path or None
        Where to look for data sets first.
    results : Path
        Folder of results.
    """

    seeds: int = 3
    copies: int = 10
    train: int | None = None
    test: int | None = None
    data_dir: Path | None = None
    results: Path = HERE / "results"

    def command(self) -> str:
        """The command that gives the same results."""
        cuts = "".join(
            f" --{name} {value}" for name, value in (("train", self.train), ("test", self.test)) if value
        )
        return f"python -m experiments.letters_cause --seeds {self.seeds} --copies {self.copies}{cuts}"


@dataclass(frozen=True)
class Measured:
    """One variant: its accuracies on (digits, letters) in the order of `ROWS`, and seconds, of each seed."""

    experiment: Experiment
    found: list[list[tuple[float, float]]]
    seconds: list[float]

    def accuracy(self, row: int, task: int) -> tuple[float, float]:
        """Mean and standard deviation over the seeds."""
        return mean_and_spread([run[row][task] for run in self.found])


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=Options.seeds, show_default=True, help="How many.")
@click.option("--copies", type=click.IntRange(1, MAX_COPIES), default=Options.copies, show_default=True)
@click.option("--train", type=click.IntRange(1), help="Only the first so many training images a task.")
@click.option("--test", type=click.IntRange(1), help="Only the first so many test images a task.")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--results", type=click.Path(path_type=Path), default=Options.results, help="Folder of results.")
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
def main(
    seeds: int, copies: int, train: int | None, test: int | None, data_dir: Path | None, results: Path, quiet: bool
) -> None:
    """Measure what digits and letters the altered networks still know."""
    say = (lambda text: None) if quiet else (lambda text: click.echo(text, err=True))
    click.echo(find_cause(Options(seeds, copies, train, test, data_dir, results), say))


def find_cause(options: Options, say: Say) -> str:
    """Measure, write the results, and give the table."""
    make_folder(options.results)
    parts = []
    for variant in expand(load_experiment(HERE / "letters.yaml")):
        if variant.label in VARIANTS:
            changes = {"copies": options.copies, "seeds": tuple(range(options.seeds))}
            described = variant.model_copy(update=changes)
            tasks = make_tasks(described, options.data_dir)
            tasks = tuple(first_images(task, options.train, options.test) for task in tasks)
            parts.append(repeated(described, tasks, say))
    text = as_markdown(parts, options.command())
    content = json.dumps(as_json(parts, options.command()), indent=1) + "\n"
    write_text(options.results / "letters_cause.json", content)
    write_text(options.results / "letters_cause.md", text)
    return text


def repeated(experiment: Experiment, tasks: Sequence[Task], say: Say) -> Measured:
    """One variant with all its seeds."""
    found, seconds = [], []
    for seed in experiment.seeds:
        say(f"{experiment.label}, seed {seed}")
        began = time.perf_counter()
        found.append(measure(experiment, tasks, seed))
        seconds.append(time.perf_counter() - began)
    return Measured(experiment, found, seconds)


def as_markdown(parts: Sequence[Measured], command: str) -> str:
    """The table."""
    head = ["network", *(h for part in parts for h in (f"{part.experiment.label}: digits", "letters"))]
    rows = [
        [name, *(percent(*part.accuracy(row, task)) for part in parts for task in (0, 1))]
        for row, name in enumerate(ROWS)
    ]
    v = versions()
    return "\n".join([
        "# Why digits are forgotten",
        "",
        f"`{command}`. Accuracy in %, mean ± standard",
        "deviation over the seeds.",
        "",
        markdown_table(head, rows),
        "",
        f"colanet {v['colanet']}, numba {v['numba']}, {v['cores']} cores of {v['processor']}.",
        "",
    ])  # fmt: skip


def as_json(parts: Sequence[Measured], command: str) -> dict[str, Any]:
    """Configurations, accuracies, seeds, versions and wall times."""
    return {
        "command": command,
        "versions": versions(),
        "variants": [
            {
                "name": part.experiment.label,
                "experiment": json.loads(plain(part.experiment)),
                "seeds": list(part.experiment.seeds),
                "accuracies": {
                    name: {task: as_pair(*part.accuracy(row, k)) for k, task in enumerate(TASKS)}
                    for row, name in enumerate(ROWS)
                },
                "seconds": [round(seconds, 2) for seconds in part.seconds],
                "configuration": network_of(part.experiment).model_dump(mode="json"),
            }
            for part in parts
        ],
    }


def as_pair(mean: float, spread: float) -> dict[str, float | None]:
    """For JSON, which has no NaN."""
    return {"mean": mean, "sd": None if np.isnan(spread) else spread}


def measure(experiment: Experiment, tasks: Sequence[Task], seed: int) -> list[tuple[float, float]]:
    """Accuracy on digits and letters of the network and its alterations, in the order of `ROWS`."""
    run = Run(experiment, tasks, seed)
    states, results = [run.session.engine.state()], []
    for _ in tasks:
        run.learn()
        states.append(run.session.engine.state())
        results.append(accuracies(run, states[-1]))
        run.advance()
    before, first, second = states
    back, silent = clone(second), clone(second)
    for copy in range(experiment.copies or 1):
        old = learnt(before, first, copy)
        key = f"{copy}/R->L/resource"
        back[key].reshape(784, -1)[:, old] = first[key].reshape(784, -1)[:, old]
        silent[f"{copy}/L/gate"][~old] = EMPTY
    both = clone(back)
    for copy in range(experiment.copies or 1):
        both[f"{copy}/L/gate"] = silent[f"{copy}/L/gate"]
    return [*results, *(accuracies(run, state) for state in (back, silent, both))]


def clone(state: State) -> State:
    """A copy that may be changed."""
    return {key: value.copy() for key, value in state.items()}


def learnt(before: State, after: State, copy: int) -> np.ndarray:
    """Neurons of L that learnt between two states, bool of shape (neurons,)."""
    key = f"{copy}/R->L/resource"
    moved = np.abs(after[key].astype(np.int64) - before[key]).reshape(784, -1).max(axis=0)
    return moved > LEARNT * (1 << 20)


def accuracies(run: Run, state: State) -> tuple[float, float]:
    """On digits and letters, with this state; the session then stands as before."""
    place = run.session.bookmark()
    run.session.engine.load(state)
    digits, letters = (one.accuracy for one in run.test((0, 1)))
    run.session.return_to(place)
    return digits, letters


if __name__ == "__main__":
    run_safely(main, "python -m experiments.letters_cause")
