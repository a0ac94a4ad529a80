"""CoLaNET's receptive fields as memories of six networks; spoiled MNIST digits cleaned and classified.

    python experiments/associative/bridge.py --seeds 0,1,2

For each seed it trains configs/mnist.yaml, lets the frozen network answer every spoiled test set, and gives its
receptive fields to the associative memories. It writes bridge.csv (every number of every seed), bridge.md (mean and
spread over the seeds, for people), bridge.png (a strip of cleaned digits) and bridge_accuracy.png (accuracy over
noise): into the folder --out, or else where the tracked results lie, the tables beside this script and the pictures
in docs/figures/associative.
"""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from colanet import __version__, config, datasets
from colanet.associative import bridge, figures
from colanet.atomic import write_text
from colanet.continual.tables import markdown_table, spread_of
from colanet.datasets.idx import idx_bytes
from colanet.readout import UNANSWERED
from colanet.session import Session

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PICTURES = ROOT / "docs" / "figures" / "associative"
CONDITIONS = [*(("noise", level) for level in (0.0, 0.2, 0.4, 0.6)), ("cover", 0.25), ("cover", 0.5)]
INK = 0.19
"""Share of the pixels of MNIST's digits that are not 0; fields are cut so that they have as much ink."""


def write_dataset(folder: Path, data: datasets.Dataset, images: np.ndarray, labels: np.ndarray) -> None:
    """Test pictures as IDX files, with a training part of one picture that is never shown."""
    parts = {
        "train-images-idx3-ubyte": data.train_images[:1],
        "train-labels-idx1-ubyte": data.train_labels[:1],
        "t10k-images-idx3-ubyte": images,
        "t10k-labels-idx1-ubyte": labels,
    }
    for name, array in parts.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array), 1))


class Trained:
    """A trained network that answers other pictures.

    Parameters
    ----------
    network : path
        Its configuration.
    data : Dataset
    options : dict
        Of `Session`: train, copies, threads, seed.
    """

    def __init__(self, network: Path, data: datasets.Dataset, options: dict):
        self.network, self.data, self.options = config.load(network), data, options | {"base_dir": network.parent}
        self.session = Session(self.network, test=0, **self.options)
        self.session.run()
        self.silent: list[float] = []

    def answer(self, pictures: np.ndarray) -> np.ndarray:
        """Answers to pictures of shape (n, 784), from 0 to 1; `silent` keeps the part left unanswered.

        It is frozen, has no teacher, and the labels it is given are all 0, so that none can leak.
        """
        images = np.rint(255.0 * pictures).astype(np.uint8).reshape(-1, *self.data.test_images.shape[1:])
        with tempfile.TemporaryDirectory() as folder:
            write_dataset(Path(folder), self.data, images, np.zeros(len(images), np.uint8))
            self.session.save(Path(folder) / "state.h5")
            options = self.options | {"train": 0, "data_dir": folder}
            session = Session(self.network, **options)
            session.load(Path(folder) / "state.h5")
            session.run(freeze=0)
        answers = session.answers()[-len(images) :]
        self.silent.append(float((answers == UNANSWERED).mean()))
        return answers


def fields(session: Session, per_class: int) -> bridge.Memories:
    """The `per_class` most structured receptive fields of each column, over as few copies as hold them."""
    plastic = next(p for p in session.plan.projections if p.kind == "plastic")
    assert session.votes
    classes = session.votes.classes
    weights = session.weights(plastic.name)
    per_column = weights.shape[1] // classes
    copies = -(-per_class // per_column)
    weights = np.hstack([session.weights(plastic.name, copy) for copy in range(copies)])
    columns = np.tile(np.arange(classes).repeat(per_column), copies)
    best = np.argsort(-np.nanstd(weights, axis=0), kind="stable")
    chosen = np.concatenate([best[columns[best] == c][:per_class] for c in range(classes)])
    return bridge.from_weights(weights[:, chosen], columns[chosen], INK)


Result = dict[int, list[bridge.Row]]
"""The rows of each seed; the same cases in the same order."""


def write_table(result: Result, note: str, folder: Path) -> None:
    """bridge.csv with all numbers, bridge.md with one line per model and number of memories."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["seed", *asdict(next(iter(result.values()))[0])], lineterminator="\n")
    writer.writeheader()
    for seed, rows in result.items():
        for row in rows:
            numbers = {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(row).items()}
            writer.writerow({"seed": seed} | numbers)
    names = [f"{kind} {level:g}" for kind, level in CONDITIONS]
    shown = []
    cases = list(zip(*result.values(), strict=True))
    for count, model in dict.fromkeys((case[0].n_memories, case[0].model) for case in cases):
        mine = [case for case in cases if (case[0].n_memories, case[0].model) == (count, model)]
        found = {(case[0].corruption, case[0].level): case for case in mine}
        cells = [_cell(found[condition]) for condition in CONDITIONS]
        shown.append([count or "", model, *cells])
    write_text(folder / "bridge.csv", text.getvalue())
    table = markdown_table(["memories", "model", *names], shown)
    write_text(folder / "bridge.md", f"{note}\n\n{table}\n")


def _cell(case: tuple[bridge.Row, ...]) -> str:
    """Accuracy over the seeds, mean and standard deviation, and the mean recall."""
    accuracy = spread_of([row.accuracy for row in case])
    recall = float(np.mean([row.recall for row in case]))
    return accuracy if np.isnan(recall) else f"{accuracy} ({100 * recall:.0f})"


def draw(result: Result, store: bridge.Memories, images: np.ndarray, folder: Path) -> None:
    """The strip, of the first seed, and the mean accuracy over noise, both for the largest store."""
    halves = np.concatenate([bridge.corrupt(images[:4], "noise", 0.4), bridge.corrupt(images[4:8], "cover", 0.5)])
    columns, titles = [images[:8], halves], ["digit", "spoiled"]
    for name, make in bridge.CLEANERS.items():
        columns.append(make(store).clean(halves)[0])
        titles.append(name)
    figures.save(figures.strip(columns, titles, (28, 28)), folder / "bridge.png")
    levels = [level for kind, level in CONDITIONS if kind == "noise"]
    count = len(store.labels)
    cases = [case for case in zip(*result.values(), strict=True) if case[0].corruption == "noise"]
    curves = {
        name: [
            float(np.mean([row.accuracy for row in case]))
            for case in cases
            if case[0].model == name and case[0].n_memories in (0, count)
        ]
        for name in ("CoLaNET", "CoLaNET after B", *bridge.CLEANERS)
    }
    figures.save(figures.accuracies(levels, curves, f"{count} memories"), folder / "bridge_accuracy.png")


def whole_numbers(_: click.Context, __: click.Parameter, text: str) -> list[int]:
    """Different seeds, none below 0."""
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise click.BadParameter(f"{text}: expected whole numbers with commas between") from error
    if min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise click.BadParameter(f"{text}: expected different numbers, none below 0")
    return seeds


@click.command()
@click.option("--config", "configuration", type=click.Path(path_type=Path), default=ROOT / "configs" / "mnist.yaml")
@click.option("--train", "train_images", type=int, help="Training images.  [default: all]")
@click.option("--test", type=int, default=1000, show_default=True, help="Test images per condition.")
@click.option("--copies", type=int, default=15, show_default=True)
@click.option("--threads", type=int, default=1, show_default=True)
@click.option("--seeds", callback=whole_numbers, default="0", show_default=True, help="Seeds, with commas between.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for tables and pictures.  [default: where the tracked ones lie]",
)
def main(
    configuration: Path,
    train_images: int | None,
    test: int,
    copies: int,
    threads: int,
    seeds: list[int],
    out: Path | None,
) -> None:
    """Train, compare, write the table and the pictures."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    began, data = time.monotonic(), datasets.load("mnist")
    labels = data.test_labels[:test]
    images = data.test_images[:test].reshape(-1, data.test_images[0].size) / 255
    result: Result = {}
    silent, largest = [], []
    for seed in seeds:
        network = Trained(
            configuration, data, {"train": train_images, "copies": copies, "threads": threads, "seed": seed}
        )
        stores = [fields(network.session, per_class) for per_class in (1, 5, 15, 60) if per_class <= 15 * copies]
        result[seed] = compare(network, stores, images, labels, seed)
        silent.append(network.silent)
        largest.append(stores[-1])
    unanswered = [spread_of(parts) for parts in zip(*silent, strict=True)]
    note = (
        f"colanet {__version__}, {configuration.name}, {copies} copies, {train_images or len(data.train_labels)} "
        f"training and {test} test digits, seeds {', '.join(map(str, seeds))}, {time.monotonic() - began:.0f} s. "
        "Accuracy in %, mean ± standard deviation over the seeds, in brackets recall in %. "
        "Left unanswered by CoLaNET, and by CoLaNET after B, in %: "
        + "; ".join(f"{a}, {b}" for a, b in zip(unanswered[::2], unanswered[1::2], strict=True))
        + "."
    )
    write_table(result, note, out or HERE)
    draw(result, largest[0], images, out or PICTURES)
    click.echo(((out or HERE) / "bridge.md").read_text(encoding="utf-8"))


def compare(
    network: Trained, stores: list[bridge.Memories], images: np.ndarray, labels: np.ndarray, seed: int
) -> list[bridge.Row]:
    """CoLaNET itself, as it is and after model B, beside the memories."""
    cleaner = bridge.ModelB(stores[-1])
    # A field's grey background would be input too: the cleaned picture is cut into black and white.
    classifiers = {
        "CoLaNET": network.answer,
        "CoLaNET after B": lambda p: network.answer(cleaner.clean(p)[0] > 0.5),
    }
    return bridge.compare(stores, images, labels, CONDITIONS, classifiers=classifiers, seed=seed)


if __name__ == "__main__":
    main()
