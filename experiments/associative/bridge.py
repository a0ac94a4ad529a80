"""CoLaNET's receptive fields as memories of six networks; spoiled MNIST digits cleaned and classified.

    python experiments/associative/bridge.py

trains configs/mnist.yaml, lets the frozen network answer every spoiled test set, gives its receptive fields to the
associative memories, and writes beside itself bridge.csv (the table), bridge.md (the same, for people) and, into
docs/figures/associative, bridge.png (a strip of cleaned digits) and bridge_accuracy.png (accuracy over noise).
"""

from __future__ import annotations

import csv
import gzip
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from colanet import __version__, config, datasets
from colanet.associative import bridge, figures
from colanet.datasets.idx import idx_bytes
from colanet.readout import UNANSWERED, decide
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
        answers = decide(session.tally.votes[-len(images) :])
        self.silent.append(float((answers == UNANSWERED).mean()))
        return answers


def fields(session: Session, per_class: int) -> bridge.Memories:
    """The `per_class` most structured receptive fields of each column, over as few copies as hold them."""
    plastic = next(p for p in session.plan.projections if p.kind == "plastic")
    classes = session.votes.classes
    weights = session.weights(plastic.name)
    per_column = weights.shape[1] // classes
    copies = -(-per_class // per_column)
    weights = np.hstack([session.weights(plastic.name, copy) for copy in range(copies)])
    columns = np.tile(np.arange(classes).repeat(per_column), copies)
    best = np.argsort(-np.nanstd(weights, axis=0), kind="stable")
    chosen = np.concatenate([best[columns[best] == c][:per_class] for c in range(classes)])
    return bridge.from_weights(weights[:, chosen], columns[chosen], INK)


def write_table(rows: list[bridge.Row], note: str) -> None:
    """bridge.csv with all numbers, bridge.md with one line per model and number of memories."""
    with open(HERE / "bridge.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, asdict(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(r).items()} for r in rows
        )
    names = [f"{kind} {level:g}" for kind, level in CONDITIONS]
    lines = [note, "", "| memories | model | " + " | ".join(names) + " |", "| --- " * (2 + len(names)) + "|"]
    for count, model in dict.fromkeys((row.n_memories, row.model) for row in rows):
        found = {(r.corruption, r.level): r for r in rows if (r.n_memories, r.model) == (count, model)}
        cells = [_cell(found[condition]) for condition in CONDITIONS]
        lines.append(f"| {count or ''} | {model} | " + " | ".join(cells) + " |")
    (HERE / "bridge.md").write_text("\n".join(lines) + "\n")


def _cell(row: bridge.Row) -> str:
    accuracy = f"{100 * row.accuracy:.1f}"
    return accuracy if np.isnan(row.recall) else f"{accuracy} ({100 * row.recall:.0f})"


def draw(rows: list[bridge.Row], store: bridge.Memories, images: np.ndarray) -> None:
    """The strip and the curves of accuracy over noise, both for the largest store."""
    halves = np.concatenate([bridge.corrupt(images[:4], "noise", 0.4), bridge.corrupt(images[4:8], "cover", 0.5)])
    columns, titles = [images[:8], halves], ["digit", "spoiled"]
    for name, make in bridge.CLEANERS.items():
        columns.append(make(store).clean(halves)[0])
        titles.append(name)
    figures.save(figures.strip(columns, titles, (28, 28)), PICTURES / "bridge.png")
    levels = [level for kind, level in CONDITIONS if kind == "noise"]
    count = len(store.labels)
    curves = {
        name: [
            r.accuracy for r in rows if r.model == name and r.corruption == "noise" and r.n_memories in (0, count)
        ]
        for name in ("CoLaNET", "CoLaNET after B", *bridge.CLEANERS)
    }
    figures.save(figures.accuracies(levels, curves, f"{count} memories"), PICTURES / "bridge_accuracy.png")


@click.command()
@click.option("--config", "configuration", type=click.Path(path_type=Path), default=ROOT / "configs" / "mnist.yaml")
@click.option("--train", "train_images", type=int, help="Training images.  [default: all]")
@click.option("--test", type=int, default=1000, show_default=True, help="Test images per condition.")
@click.option("--copies", type=int, default=15, show_default=True)
@click.option("--threads", type=int, default=1, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def main(configuration: Path, train_images: int | None, test: int, copies: int, threads: int, seed: int) -> None:
    """Train, compare, write the table and the pictures."""
    began, data = time.monotonic(), datasets.load("mnist")
    labels = data.test_labels[:test]
    images = data.test_images[:test].reshape(test, -1) / 255
    network = Trained(
        configuration, data, {"train": train_images, "copies": copies, "threads": threads, "seed": seed}
    )
    stores = [fields(network.session, per_class) for per_class in (1, 5, 15, 60) if per_class <= 15 * copies]
    cleaner = bridge.ModelB(stores[-1])
    # A field's grey background would be input too: the cleaned picture is cut into black and white.
    classifiers = {
        "CoLaNET": network.answer,
        "CoLaNET after B": lambda p: network.answer(cleaner.clean(p)[0] > 0.5),
    }
    rows = bridge.compare(stores, images, labels, CONDITIONS, classifiers=classifiers, seed=seed)
    pairwise = zip(network.silent[::2], network.silent[1::2], strict=True)
    note = (
        f"colanet {__version__}, {configuration.name}, {copies} copies, {train_images or len(data.train_labels)} "
        f"training and {test} test digits, seed {seed}, {time.monotonic() - began:.0f} s. "
        f"Accuracy in %, in brackets recall in %. Left unanswered by CoLaNET, and by CoLaNET after B, in %: "
        + "; ".join(f"{100 * a:.1f}, {100 * b:.1f}" for a, b in pairwise)
        + "."
    )
    write_table(rows, note)
    draw(rows, stores[-1], images)
    click.echo((HERE / "bridge.md").read_text())


if __name__ == "__main__":
    main()
