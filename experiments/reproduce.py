"""Makes every table and figure of the continual-learning experiments.

    python -m experiments.reproduce                # all of them, hours on two cores
    python -m experiments.reproduce letters mnist  # only these
    python -m experiments.reproduce --quick        # all of them with a handful of images, seconds, for trying

Runs lie in experiments/runs (not in the repository) and are resumed if interrupted; tables and figures go to
experiments/results. With --quick both go to experiments/quick (not in the repository either). Only letters_cause,
some minutes, keeps no runs and begins anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from colanet.commands.continual import progress_bars
from colanet.continual.outcome import BLOCK
from colanet.continual.results import Repeats, load_outcome, summary
from colanet.continual.running import Progress, Say
from colanet.continual.study import StudyOptions, run_study
from colanet.continual.variants import file_of
from colanet.locks import make_folder
from colanet.programs import run_safely
from colanet.viz import (
    alpha_curves,
    capacity_curve,
    comparison_bars,
    confusion,
    degradation_matrix,
    learning_curve,
    receptive_fields,
    save,
)
from experiments import letters_cause, robustness
from experiments.ping_pong import measure as ping_pong

HERE = Path(__file__).parent
NAMES = (
    "mnist", "permuted_mnist", "initial_resources", "alpha_curve", "letters", "letters_cause", "letters_permuted",
    "three_tasks", "migration", "comparison", "comparison_letters", "comparison_permuted_mnist", "comparison_mnist",
    "comparison_features", "comparison_letters_features",
    "capacity", "permuted_45_choice", "permuted_45_inhibited_choice", "mnist_45_inhibited_choice",
    "mnist_one_choice", "mnist_one", "mnist_best", "mnist_features_choice", "letters_features", "arousal_choice",
    "split_mnist", "fashion", "rotated_mnist", "hundred_tasks", "thousand_tasks", "robustness",
    "diverse_copies_choice", "permuted_best", "permuted_wide_choice", "permuted_15_choice", "estimator",
    "ping_pong",
)  # fmt: skip
QUICK = StudyOptions(train=60, test=30, copies=1, tasks=2, seeds=(0, 1))
QUICK_CAUSE = letters_cause.Options(train=60, test=30, copies=1, seeds=2)
QUICK_ROBUSTNESS = robustness.Options(seeds=2, train=60, test=20, features=20, networks=(("mnist_one_450", 2),))
DIGITS, LETTERS = tuple("0123456789"), tuple("ABCDEFGHIJ")


@click.command()
@click.argument("names", nargs=-1)
@click.option("--quick", is_flag=True, help="A handful of images, to see that everything works.")
@click.option("--runs", type=click.Path(path_type=Path), help="Folder of the runs.")
@click.option("--results", type=click.Path(path_type=Path), help="Folder of tables and figures.")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--quiet", is_flag=True)
def main(
    names: tuple[str, ...], quick: bool, runs: Path | None, results: Path | None, data_dir: Path | None, quiet: bool
) -> None:
    """Run experiments and write their tables and figures."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise click.UsageError(f"there is no experiment {unknown[0]}; known: {', '.join(NAMES)}")
    # What a handful of images brings must not take the place of results, nor its runs be resumed as the whole ones.
    home = HERE / "quick" if quick else HERE
    runs, results = runs or home / "runs", results or home / "results"
    make_folder(results)
    say = (lambda text: None) if quiet else (lambda text: click.echo(text, err=True))
    for name in names or NAMES:
        if name == "letters_cause":
            cause = QUICK_CAUSE if quick else letters_cause.Options()
            click.echo(letters_cause.find_cause(replace(cause, data_dir=data_dir, results=results), say))
        elif name == "robustness":
            robust = QUICK_ROBUSTNESS if quick else robustness.Options()
            robust = replace(robust, data_dir=data_dir, runs=runs / name, results=results)
            click.echo(robustness.measure(robust, say))
        elif name == "estimator":
            from experiments import estimator  # it needs scikit-learn

            few = estimator.Options(seeds=2, train=60, test=20, on=("digits", "features"))
            measured = few if quick else estimator.Options()
            click.echo(estimator.measure(replace(measured, data_dir=data_dir, results=results), say))
        elif name == "ping_pong":
            short = ping_pong.Options(seeds=2, learning=40, frozen=20, window=20)
            click.echo(ping_pong.measure(replace(short if quick else ping_pong.Options(), results=results), say))
        else:
            options = QUICK if quick else StudyOptions()
            options = replace(options, data_dir=data_dir, out=runs / name, resume=True)
            click.echo(summary(reproduce(name, results, options, say, progress_bars(quiet))))


def reproduce(
    name: str, results: Path, options: StudyOptions, say: Say | None = None, progress: Progress | None = None
) -> list[Repeats]:
    """One experiment: its runs, tables, figures."""
    parts = run_study(HERE / f"{name}.yaml", options, say=say, progress=progress)
    runs = Path(options.out or Path("results") / name)
    for suffix in ("csv", "json", "md"):
        shutil.copyfile(runs / f"{name}.{suffix}", results / f"{name}.{suffix}")
    if name in FIGURES:
        for label, picture in FIGURES[name](as_written(parts, runs)).items():
            save(picture, results / f"{label}.png")
    return parts


def as_written(parts: Sequence[Repeats], runs: Path) -> dict[str, Repeats]:
    """The runs of the tables, and no others that lie there too, read back: files hold fields with fewer digits."""
    found = {}
    for part in parts:
        files = [file_of(runs, part.experiment, outcome.seed) for outcome in part.outcomes]
        found[part.experiment.label] = replace(part, outcomes=tuple(load_outcome(file)[0] for file in files))
    return found


# ------------------------------------------------------------------- figures


def permuted(parts: dict[str, Repeats]) -> dict:
    """Degradation matrices, and the accuracy while learning."""
    pictures = {}
    for label, part in parts.items():
        slug = label.replace(" microcolumns", "").replace("parameters of MNIST", "mnist_parameters")
        slug = slug.replace(", ", "_")
        pictures[f"permuted_mnist_{slug}"] = degradation_matrix(part.matrix())
    first = next(iter(parts.values())).outcomes[0]
    ends = -(-np.diff(first.boundaries, prepend=0) // BLOCK)
    blocks = np.split(first.running, np.cumsum(ends)[:-1])
    pictures["permuted_mnist_learning"] = learning_curve(*[np.repeat(b, BLOCK) for b in blocks], window=BLOCK)
    return pictures


def alpha(parts: dict[str, Repeats]) -> dict:
    """Two curves over alpha."""
    values = [float(label.removeprefix("alpha ")) for label in parts]
    return {"alpha_curve": alpha_curves(values, *accuracy_and_forgetting(parts))}


def accuracy_and_forgetting(parts: dict[str, Repeats]) -> tuple[list[float], list[float], tuple[list, list]]:
    """ACC and FM of all variants, and their standard deviations; NaN where FM is not defined."""
    nothing = (float("nan"), float("nan"))
    found = [(m["ACC"], m.get("FM", nothing)) for m in (part.metrics() for part in parts.values())]
    accuracy, forgetting = zip(*found, strict=True)
    spreads = tuple([float(np.nan_to_num(spread)) for _, spread in pairs] for pairs in (accuracy, forgetting))
    return [mean for mean, _ in accuracy], [mean for mean, _ in forgetting], (spreads[0], spreads[1])


def letters(parts: dict[str, Repeats]) -> dict:
    """Receptive fields after one and two tasks, and what digits are taken for after the letters."""
    pictures = {}
    for label, slug in (("parameters of MNIST", "plain"), ("tuned thresholds and stability", "tuned")):
        if label not in parts:
            continue
        part = parts[label]
        first = part.outcomes[0]
        both = [f"{d} {c}" for d, c in zip(DIGITS, LETTERS, strict=True)]
        titles = ("after digits", "after letters")[: len(first.fields)]
        pictures[f"letters_fields_{slug}"] = receptive_fields(
            first.fields, first.columns, labels=both, titles=titles, used=learnt(first.fields)
        )
        counts = np.sum([o.confusion[-1, 0] for o in part.outcomes], axis=0)
        pictures[f"letters_confusion_{slug}"] = confusion(counts, both)
    return pictures


def learnt(fields: np.ndarray) -> np.ndarray:
    """Neurons whose positive weights add up to far more than those of the least taught one."""
    strength = np.maximum(fields, 0).sum(axis=1)
    least, most = strength.min(), strength.max()
    return strength > least + 0.1 * (most - least)


def compared(name: str) -> Callable[[dict[str, Repeats]], dict]:
    """Accuracy and forgetting of several methods."""
    return lambda parts: {name: comparison_bars(list(parts), *accuracy_and_forgetting(parts))}


def course(name: str) -> Callable[[dict[str, Repeats]], dict]:
    """Accuracy on the tasks so far, on all or on the last ones, whichever are tested, over their number."""

    def picture(parts: dict[str, Repeats]) -> dict:
        curves = {
            label: np.array([[seen(row[: k + 1]) for k, row in enumerate(o.matrix)] for o in part.outcomes])
            for label, part in parts.items()
        }
        longest = max(curve.shape[1] for curve in curves.values())
        return {name: capacity_curve(np.arange(1, longest + 1), curves)}

    return picture


def seen(row: np.ndarray) -> float:
    """Mean over the tasks that were tested; NaN if none was."""
    tested = row[~np.isnan(row)]
    return float(tested.mean()) if len(tested) else float("nan")


FIGURES: dict[str, Callable[[dict[str, Repeats]], dict]] = {
    "permuted_mnist": permuted,
    "alpha_curve": alpha,
    "letters": letters,
    "comparison": compared("comparison"),
    "comparison_letters": compared("comparison_letters"),
    "capacity": course("capacity"),
}

if __name__ == "__main__":
    run_safely(main, "python -m experiments.reproduce")
