"""The tables of README.md and docs/*.md, made from the stored results.

    python -m experiments.tables             # writes them into the pages
    python -m experiments.tables --check     # writes nothing; exit status 1 if a page differs
    python -m experiments.tables --list      # prints every table under its name

A page shows the table NAME between the lines `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import csv
import functools
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from colanet import quantisation
from colanet.atomic import write_text
from colanet.continual.tables import (
    COST,
    NOTHING,
    fill_page,
    markdown_table,
    metric_cell,
    percent,
    published_table,
    read_record,
    spread_of,
    variant_of,
    variants_table,
)
from colanet.errors import DataError
from colanet.programs import run_safely
from colanet.reading import read_bytes
from experiments import estimator_report, reliability_report, reproduce_report, rivals, robustness_report
from experiments.benchmarks import tables as benchmarks
from experiments.gpu_report import throughput_table
from experiments.hardware import tables as hardware
from experiments.ping_pong import measure as ping_pong

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "experiments" / "results"
BRIDGE = ROOT / "experiments" / "associative" / "bridge.csv"
ONE_TASK = ("copies", "seeds", "accuracy", "learning", "tests")
TASKS = ("copies", "seeds", "ACC", "drop", "LA", "learning", "tests")
TWO_TASKS = ("copies", "seeds", "ACC", "FM", "LA")
CLASSES = ("copies", "seeds", "ACC", "micro", "FM", "LA")
CHOICE = ("copies", "seeds", "ACC", "drop")
RIVALS = ("seeds", "ACC", "drop", "LA", *COST)
EXPERIMENTS: dict[str, tuple[str, Sequence[str]]] = {
    "mnist": ("network", ONE_TASK),
    "permuted_mnist": ("network", TASKS),
    "permuted_best": ("network", TASKS),
    "permuted_wide_choice": ("copies and neurons", (*CHOICE, "LA", "memory")),
    "initial_resources": ("initial resources", CHOICE),
    "alpha_curve": ("constants", ("ACC", "FM", "LA")),
    "letters": ("network", TWO_TASKS),
    "letters_permuted": ("network", TWO_TASKS),
    "three_tasks": ("network", TWO_TASKS),
    "migration": ("neurons", CHOICE),
    "comparison": ("method", RIVALS),
    "comparison_letters": ("method", ("seeds", "ACC", "FM", "LA", *COST)),
    "comparison_permuted_mnist": ("method", (*RIVALS, "learning", "tests")),
    "comparison_mnist": ("method", ("seeds", "accuracy", *COST, "learning", "tests")),
    "comparison_features": ("method", ("seeds", "accuracy", *COST, "learning", "tests")),
    "comparison_letters_features": ("method", ("seeds", "ACC", "FM", "LA", *COST)),
    "capacity": ("network", TASKS),
    "permuted_15_choice": ("constants", CHOICE),
    "permuted_45_choice": ("constants", CHOICE),
    "permuted_45_inhibited_choice": ("inhibition, stability rate", CHOICE),
    "mnist_45_inhibited_choice": ("inhibition", ("copies", "seeds", "accuracy")),
    "mnist_one_choice": ("network", ("seeds", "accuracy")),
    "mnist_one": ("network", ("seeds", "accuracy")),
    "mnist_best": ("network", ("seeds", "accuracy", "learning", "tests")),
    "mnist_features_choice": ("features", ("copies", "seeds", "accuracy")),
    "letters_features": ("network", TWO_TASKS),
    "arousal_choice": ("arousal: weight, when", ("seeds", "accuracy")),
    "diverse_copies_choice": ("what a copy sees", ("copies", "seeds", "accuracy", "memory", "test_operations")),
    "split_mnist": ("scenario", CLASSES),
    "fashion": ("scenario", TWO_TASKS),
    "rotated_mnist": ("network", ("copies", "seeds", "ACC", "drop", "FM", "LA")),
    "hundred_tasks": ("network", TASKS),
    "thousand_tasks": ("network", ("copies", "seeds", "last", "LA", "learning", "tests")),
    "renewal_choice": ("a neuron begins anew after", ("last", "LA")),
}
"""Heading of the first column and the other columns, of each experiment."""
PUBLISHED = (
    "mnist", "permuted_mnist", "alpha_curve", "letters", "letters_permuted", "comparison_permuted_mnist",
    "split_mnist", "fashion", "hundred_tasks", "thousand_tasks",
)  # fmt: skip
"""Experiments that name figures from elsewhere."""
QUANTISED = ("mnist", "mnist_45", "mnist_chip")
COURSES: dict[str, Sequence[int]] = {
    "capacity": (1, 5, 10, 20, 30, 40, 50),
    "hundred_tasks": (1, 50, 100),
    "thousand_tasks": (1, 100, 200, 400, 600, 800, 1000),
}
"""Numbers of tasks learnt that the table NAME.course shows, of each experiment that has one."""
HEADLINE = (
    ("MNIST", "accuracy (%)", "92", "mnist_best", "150 neurons, pixels", "ACC", "comparison_mnist"),
    ("MNIST", "accuracy (%)", NOTHING,
     "mnist_best", "15 copies of 450 neurons, features", "ACC", "comparison_features"),
    ("ten permuted MNIST tasks", "accuracy after the last (%)", "92",
     "permuted_best", "96 microcolumns, aroused", "ACC", "comparison_permuted_mnist"),
    ("1,000 permuted MNIST tasks", "accuracy on the last five (%)", "91.7",
     "thousand_tasks", "45 microcolumns, neurons begin anew", "last", None),
    ("MNIST, one class after another", "accuracy after the last (%)", "95.24",
     "split_mnist", "ten tasks of one class, features", "ACC", "split_mnist"),
    ("letters after digits", "forgetting (points)", "43",
     "letters_features", "features", "FM", "comparison_letters_features"),
)  # fmt: skip
"""Tasks, quantity, published figure, experiment, variant, metric, experiment with rivals."""

Table = Callable[[], str]


def record(name: str) -> dict[str, Any]:
    """A result file of `experiments/results`."""
    return read_record(RESULTS / f"{name}.json")


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file. DataError if it is missing."""
    return list(csv.DictReader(read_bytes(path, packed=False).decode("utf-8").splitlines()))


def headline() -> str:
    """The figures of the README, one a row."""
    head = ["tasks", "network", "quantity (unit)", "published", "colanet (mean ± s.d.)", "best rival",
            "its figure (mean ± s.d.)", "its memory (MB)"]  # fmt: skip
    rows = []
    for tasks, quantity, published, name, variant, metric, compared in HEADLINE:
        found = metric_cell(variant_of(record(name), variant), metric)
        other = rivals.beside(record(compared) if compared else None, metric)
        rows.append([tasks, variant, quantity, published, found, *other])
    return markdown_table(head, rows)


def cause() -> str:
    """Why digits are forgotten: accuracies of the altered networks."""
    found = record("letters_cause")["variants"]
    head = ["weights and neurons"]
    head += [f"{task}, {part['name']} (% ± s.d.)" for part in found for task in ("digits", "letters")]
    rows = []
    for name in found[0]["accuracies"]:
        pairs = [part["accuracies"][name][task] for part in found for task in ("digits", "letters")]
        rows.append([name, *(percent(pair["mean"], pair["sd"]) for pair in pairs)])
    return markdown_table(head, rows)


# --------------------------------------------------------------------- course


def matrices(name: str) -> dict[str, dict[str, dict[tuple[int, int], float]]]:
    """Variant, seed, (after task, on task): accuracy, of an experiment."""
    found: dict[str, dict[str, dict[tuple[int, int], float]]] = {}
    for row in rows_of(RESULTS / f"{name}.csv"):
        one = found.setdefault(row["variant"], {}).setdefault(row["seed"], {})
        one[int(row["after_task"]), int(row["on_task"])] = float(row["accuracy"])
    return found


def course(name: str, stages: Sequence[int]) -> str:
    """Accuracy on the tasks so far, those that were tested, over their number."""
    found = matrices(name)

    def after(variant: str, k: int) -> str:
        rows = [[a[k, j] for j in range(1, k + 1) if (k, j) in a] for a in found[variant].values()]
        return spread_of([statistics.fmean(row) for row in rows]) if all(rows) else NOTHING

    head = ["tasks learnt", *(f"accuracy on them, {variant} (% ± s.d.)" for variant in found)]
    return markdown_table(head, [[k, *(after(variant, k) for variant in found)] for k in stages])


def capacity_ends() -> str:
    """What becomes of the first ten tasks, and how well the last ten are learnt."""
    head = ["network", "first ten tasks, when learnt (% ± s.d.)", "first ten tasks, at the end (% ± s.d.)",
            "last ten tasks, when learnt (% ± s.d.)"]  # fmt: skip
    rows = []
    for variant, runs in matrices("capacity").items():
        last = max(k for a in runs.values() for k, _ in a)
        first_ten, last_ten = range(1, 11), range(last - 9, last + 1)
        old = [statistics.fmean(a[j, j] for j in first_ten) for a in runs.values()]
        kept = [statistics.fmean(a[last, j] for j in first_ten) for a in runs.values()]
        new = [statistics.fmean(a[j, j] for j in last_ten) for a in runs.values()]
        rows.append([variant, *map(spread_of, (old, kept, new))])
    return markdown_table(head, rows)


# --------------------------------------------------------------------- bridge


def bridge(quantity: str) -> str:
    """Accuracy or recall of receptive fields as memories, over the seeds."""
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for row in rows_of(BRIDGE):
        condition = f"{row['corruption']} {float(row['level']):g}"
        one = found.setdefault((row["n_memories"], row["model"]), {})
        one.setdefault(condition, []).append(float(row[quantity]))
    conditions = list(next(iter(found.values())))
    head = ["memories", "model", *(f"{condition} (% ± s.d.)" for condition in conditions)]
    rows = [
        [NOTHING if count == "0" else count, model, *(spread_of(cells[condition]) for condition in conditions)]
        for (count, model), cells in found.items()
        if quantity == "accuracy" or count != "0"
    ]
    return markdown_table(head, rows)


# --------------------------------------------------------------------- search


def searches() -> str:
    """What each search found."""
    head = ["study", "sampler", "trials", "best trial", "objective", "its best value (parts of one)"]
    rows = []
    for path in sorted((RESULTS / "search").glob("*/best.yaml")):
        best = yaml.safe_load(read_bytes(path, packed=False))
        goal = " + ".join(f"{factor:g} {name}" for name, factor in best["objective"].items())
        origin = best["provenance"]
        row = [f"`{best['search']}`", origin["sampler"]["kind"], origin["trials"], best["trial"], goal]
        rows.append([*row, f"{best['value']:.4f}"])
    return markdown_table(head, rows)


# ------------------------------------------------------------------ precision


def quantised_runs(name: str) -> list[quantisation.Run]:
    """The stored runs of a network with fewer bits."""
    path = RESULTS / "quantise" / f"{name}.json"
    if not path.exists():
        raise DataError(f"{path.relative_to(ROOT)} is not there")
    return quantisation.stored(path)[1]


def quantised(name: str) -> str:
    """Accuracy with fewer bits."""
    return quantisation.table(quantised_runs(name))


def quantised_summary() -> str:
    """Differences to full precision with 12-bit resources, rounded stochastically while learning."""
    head, columns = ["weights (bits)"], []
    for name in QUANTISED:
        accuracy = {quantisation.key_of(run): run.accuracy for run in quantised_runs(name)}
        for copies in sorted({key[2] for key in accuracy}):
            head.append(f"`{name}`, copies: {copies} (points)")
            columns.append([
                statistics.fmean(
                    100 * (value - accuracy[when, quantisation.Precision(), copies, seed])
                    for (when, point, n, seed), value in accuracy.items()
                    if (when, n) == (quantisation.LEARNING, copies)
                    and point == quantisation.Precision(bits, 12, 9, "stochastic")
                )
                for bits in (8, 4, 2)
            ])  # fmt: skip
    rows = zip(*columns, strict=True)
    return markdown_table(head, [[b, *(f"{x:+.2f}" for x in row)] for b, row in zip((8, 4, 2), rows, strict=True)])


# ------------------------------------------------------------------------ GPU


def gpu_throughput() -> str:
    """Training on a GPU: networks times images a second."""
    return throughput_table(record("gpu"))


def gpu_equality() -> str:
    """Which configurations gave equal bits on GPU and CPU."""
    head = ["configuration", "steps", "equal bits", "numba (s)", "GPU (s)"]
    rows = [
        [f"`{one['configuration']}`", one["steps"], "yes" if one["equal"] else "**no**",
         f"{one['numba_seconds']:.2f}", f"{one['gpu_seconds']:.2f}"]
        for one in record("gpu")["equality"]
    ]  # fmt: skip
    return markdown_table(head, rows)


# ---------------------------------------------------------------------- pages


def all_tables() -> dict[str, Table]:
    """Every table by its name; those whose results are not stored raise DataError when they are made."""
    found: dict[str, Table] = {"headline": headline}
    for name, (first, columns) in EXPERIMENTS.items():
        found[name] = functools.partial(_experiment, name, columns, first)
    found |= {f"{name}.published": functools.partial(_published, name) for name in PUBLISHED}
    found |= {"letters_cause": cause, "capacity.ends": capacity_ends}
    found |= {f"{name}.course": functools.partial(course, name, stages) for name, stages in COURSES.items()}
    found |= {f"bridge.{quantity}": functools.partial(bridge, quantity) for quantity in ("accuracy", "recall")}
    found["sweeps"] = functools.partial(rivals.sweeps, RESULTS / "baseline_sweep")
    found |= {"search.found": searches, "gpu.throughput": gpu_throughput, "gpu.equality": gpu_equality}
    found |= {f"quantise.{name}": functools.partial(quantised, name) for name in QUANTISED}
    found["quantise.summary"] = quantised_summary
    found |= benchmarks.stored() | hardware.TABLES | robustness_report.stored() | estimator_report.stored()
    found |= ping_pong.stored() | reproduce_report.stored(RESULTS)
    return found | reliability_report.stored()


def _experiment(name: str, columns: Sequence[str], first: str) -> str:
    return variants_table(record(name), columns, first)


def _published(name: str) -> str:
    return published_table(record(name))


def pages() -> list[Path]:
    """README and every page of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def filled(path: Path) -> str:
    """A page as it should be."""
    return fill_page(path.read_text(encoding="utf-8"), all_tables(), path.name)


def listed() -> str:
    """Every table under its name; of those whose results are not stored, why."""
    parts = []
    for name, make in all_tables().items():
        try:
            text = make()
        except DataError as error:
            text = f"not there: {error}"
        parts.append(f"## {name}\n\n{text}\n")
    return "\n".join(parts)


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if a page differs.")
@click.option("--list", "show", is_flag=True, help="Print every table under its name.")
def main(check: bool, show: bool) -> None:
    """Write the tables of README.md and docs/*.md."""
    if show:
        click.echo(listed())
        return
    made = {path: filled(path) for path in pages()}
    differing = [path for path, text in made.items() if text != path.read_text(encoding="utf-8")]
    for path in differing:
        name = path.relative_to(ROOT).as_posix()
        if check:
            click.echo(f"{name}: differs from the results; python -m experiments.tables writes it", err=True)
        else:
            write_text(path, made[path])
            click.echo(f"written: {name}")
    if check and differing:
        raise SystemExit(1)


if __name__ == "__main__":
    run_safely(main, "python -m experiments.tables")
