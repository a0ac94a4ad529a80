"""Makes every table and figure of the continual-learning experiments.

    python -m experiments.reproduce                # all of them, about an hour on two cores
    python -m experiments.reproduce letters mnist  # only these
    python -m experiments.reproduce --quick        # all of them with a handful of images, seconds, for trying

Runs lie in experiments/runs (not in the repository) and are resumed if interrupted; tables and figures go to
experiments/results.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

from colanet.cli import run_safely
from colanet.commands.continual import continual, file_of
from colanet.continual.experiment import expand, load_experiment
from colanet.continual.metrics import mean_and_spread, metrics
from colanet.continual.results import Repeats, load_outcome
from colanet.continual.runner import BLOCK
from colanet.viz import (
    capacity_curve,
    comparison_bars,
    confusion,
    degradation_matrix,
    learning_curve,
    receptive_fields,
    save,
    tuning_curves,
)

HERE = Path(__file__).parent
NAMES = (
    "mnist", "permuted_mnist", "alpha_curve", "letters", "letters_permuted", "three_tasks", "migration", "comparison",
    "comparison_letters", "capacity",
)  # fmt: skip
QUICK = ["--train", "60", "--test", "30", "--copies", "1", "--tasks", "2", "--seeds", "0,1"]
DIGITS, LETTERS = tuple("0123456789"), tuple("ABCDEFGHIJ")


@click.command()
@click.argument("names", nargs=-1)
@click.option("--quick", is_flag=True, help="A handful of images, to see that everything works.")
@click.option("--runs", type=click.Path(path_type=Path), default=HERE / "runs", help="Folder of the runs.")
@click.option("--results", type=click.Path(path_type=Path), default=HERE / "results", help="Folder of results.")
@click.option("--data", help="Where to look for data sets first.")
@click.option("--quiet", is_flag=True)
def main(names: tuple[str, ...], quick: bool, runs: Path, results: Path, data: str | None, quiet: bool) -> None:
    """Run experiments and write their tables and figures."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise click.UsageError(f"there is no experiment {unknown[0]}; known: {', '.join(NAMES)}")
    for name in names or NAMES:
        reproduce(name, runs / name, results, [*(QUICK if quick else []), *(["--quiet"] if quiet else [])], data)


def reproduce(name: str, runs: Path, results: Path, options: list[str], data: str | None) -> None:
    """One experiment: its runs, tables, figures."""
    path = HERE / f"{name}.yaml"
    more = ["--data", data] if data else []
    continual.main([str(path), "--out", str(runs), "--resume", *options, *more], standalone_mode=False)
    results.mkdir(parents=True, exist_ok=True)
    for suffix in ("csv", "json", "md"):
        shutil.copyfile(runs / f"{name}.{suffix}", results / f"{name}.{suffix}")
    if name in FIGURES:
        for label, picture in FIGURES[name](finished(path, runs)).items():
            save(picture, results / f"{label}.png")


def finished(path: Path, runs: Path) -> dict[str, Repeats]:
    """The runs that lie in a folder, by variant."""
    found = {}
    for variant in expand(load_experiment(path)):
        files = sorted(runs.glob(file_of(runs, variant, 0).name.replace("seed0", "seed*")))
        outcomes = [load_outcome(file)[0] for file in files if not file.name.endswith(".checkpoint.h5")]
        if outcomes:
            found[variant.label] = Repeats(variant, "", (), tuple(outcomes))
    return found


# ------------------------------------------------------------------- figures


def permuted(parts: dict[str, Repeats]) -> dict:
    """Degradation matrices, and the accuracy while learning."""
    pictures = {}
    for label, part in parts.items():
        slug = label.replace(" microcolumns", "").replace(", parameters of MNIST", "_mnist_parameters")
        pictures[f"permuted_mnist_{slug}"] = degradation_matrix(part.matrix(), title=label)
    curves = {label: part.outcomes[0].running for label, part in parts.items()}
    bounds = next(iter(parts.values())).outcomes[0].boundaries
    pictures["permuted_mnist_learning"] = learning_curve(curves, BLOCK, list(bounds), title="while learning")
    return pictures


def alpha(parts: dict[str, Repeats]) -> dict:
    """Two curves over alpha."""
    found = [part.metrics() for part in parts.values()]
    values = [float(label.removeprefix("alpha ")) for label in parts]
    picture = tuning_curves(values, [m["ACC"] for m in found], [m["FM"] for m in found], title="ten permuted tasks")
    return {"alpha_curve": picture}


def letters(parts: dict[str, Repeats]) -> dict:
    """Receptive fields after one and two tasks, and what digits are taken for after the letters."""
    pictures = {}
    for label, slug in (("parameters of MNIST", "plain"), ("tuned thresholds and stability", "tuned")):
        if label not in parts:
            continue
        part = parts[label]
        first = part.outcomes[0]
        for k, what in enumerate(("digits", "letters after digits")[: len(first.fields)]):
            title = f"{label}: after learning {what}"
            both = [f"{d} {c}" for d, c in zip(DIGITS, LETTERS, strict=True)]
            pictures[f"letters_fields_{slug}_{k + 1}"] = receptive_fields(
                first.fields[k], first.columns, labels=both, title=title
            )
        counts = np.sum([o.confusion[-1, 0] for o in part.outcomes], axis=0)
        title = f"{label}: digits, after learning letters"
        columns = [f"{d}/{c}" for d, c in zip(DIGITS, LETTERS, strict=True)]
        pictures[f"letters_confusion_{slug}"] = confusion(counts, DIGITS, columns, title)
    return pictures


def bars(title: str, name: str) -> Callable[[dict[str, Repeats]], dict]:
    """Accuracy and forgetting of several methods."""

    def draw(parts: dict[str, Repeats]) -> dict:
        found = [part.metrics() for part in parts.values()]
        forgetting = [m.get("FM") for m in found]
        return {name: comparison_bars(list(parts), [m["ACC"] for m in found], forgetting, title=title)}

    return draw


def capacity(parts: dict[str, Repeats]) -> dict:
    """Accuracy on all tasks so far over their number."""
    curves = {}
    for label, part in parts.items():
        n = len(part.outcomes[0].matrix)
        rows = [[metrics(o.matrix[:k, :k])["ACC"] for o in part.outcomes] for k in range(1, n + 1)]
        pairs = np.array([mean_and_spread(row) for row in rows])
        curves[label] = (pairs[:, 0], pairs[:, 1])
    return {"capacity": capacity_curve(curves, title="permuted MNIST, task after task")}


FIGURES: dict[str, Callable[[dict[str, Repeats]], dict]] = {
    "permuted_mnist": permuted,
    "alpha_curve": alpha,
    "letters": letters,
    "comparison": bars("ten permuted tasks of 10,000 images", "comparison"),
    "comparison_letters": bars("letters after digits", "comparison_letters"),
    "capacity": capacity,
}

if __name__ == "__main__":
    run_safely(main, "python -m experiments.reproduce")
