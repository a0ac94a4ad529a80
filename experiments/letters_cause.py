"""Why are digits forgotten when letters follow? Three networks are compared with the one that learnt both:

* old weights put back: the neurons that had learnt digits get the weights they had before the letters came;
* new neurons silenced: only neurons that had learnt digits may fire;
* both.

    python -m experiments.letters_cause --data ../shared/data

If digits come back with the old weights, they were overwritten; if they come back with the new neurons silent, they
were outvoted. Writes letters_cause.md to experiments/results.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from colanet.atomic import write_text
from colanet.cli import run_safely
from colanet.continual.experiment import Experiment, expand, load_experiment
from colanet.continual.metrics import mean_and_spread
from colanet.continual.results import percent
from colanet.continual.runner import Run
from colanet.continual.tasks import make_tasks
from colanet.engine.base import State
from colanet.migration import EMPTY

HERE = Path(__file__).parent
VARIANTS = ("parameters of MNIST", "tuned thresholds and stability")
LEARNT = 0.3
"""A neuron has learnt if some synapse's resource moved by this much."""
ROWS = ("after digits", "after letters", "old weights put back", "new neurons silenced", "both")


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="How many.")
@click.option("--copies", type=click.IntRange(1), default=10, show_default=True)
@click.option("--train", type=click.IntRange(1), help="Only the first so many training images a task.")
@click.option("--data", help="Where to look for data sets first.")
@click.option("--out", type=click.Path(path_type=Path), default=HERE / "results" / "letters_cause.md")
def main(seeds: int, copies: int, train: int | None, data: str | None, out: Path) -> None:
    """Measure what digits and letters the altered networks still know."""
    lines = [
        "# Why digits are forgotten",
        "",
        f"`python -m experiments.letters_cause --seeds {seeds} --copies {copies}`. Accuracy in %, mean ± standard",
        "deviation over the seeds.",
        "",
        "| network | " + " | ".join(f"{name}: digits | letters" for name in VARIANTS) + " |",
        "| --- |" + " --- | --- |" * len(VARIANTS),
    ]
    variants = [v for v in expand(load_experiment(HERE / "letters.yaml")) if v.label in VARIANTS]
    found = []
    for variant in variants:
        click.echo(variant.label, err=True)
        change = {"copies": copies}
        found.append([measure(variant.model_copy(update=change), seed, train, data) for seed in range(seeds)])
    for row, name in enumerate(ROWS):
        cells = []
        for runs in found:
            cells += [percent(*mean_and_spread([run[row][task] for run in runs])) for task in (0, 1)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, "\n".join([*lines, ""]))
    click.echo("\n".join(lines))


def measure(experiment: Experiment, seed: int, train: int | None, data: str | None) -> list[tuple[float, float]]:
    """Accuracy on digits and letters of the network and its alterations, in the order of `ROWS`."""
    tasks = make_tasks(experiment, data)
    run = Run(experiment, tasks, seed, "auto", None, None)
    if train:
        run.lessons = [(images[:train], labels[:train]) for images, labels in run.lessons]
        run.session.present(run.lesson(0))
    states, results = [run.session.state()], []
    for k in (0, 1):
        run.k = k
        if k:
            run.session.present(run.lesson(k))
        run.session.run(freeze=run.session.default_stop)
        states.append(run.session.state())
        results.append(accuracies(run, states[-1]))
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
    digits, letters = (np.trace(confusion) / len(run.tasks[j].test_labels) for j, confusion, _ in run._test((0, 1)))
    run.session.return_to(place)
    return float(digits), float(letters)


if __name__ == "__main__":
    run_safely(main, "python -m experiments.letters_cause")
