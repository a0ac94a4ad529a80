"""The estimator beside those of scikit-learn, one pass over the samples each: accuracy and wall time.

    python -m experiments.estimator --data ../shared/data

Data: 8 x 8 digits and made features (both of scikit-learn), MNIST, and Fashion-MNIST if its files are there. Every
seed draws another split or other features; of MNIST and Fashion-MNIST the order of the training images.
CoLaNETClassifier gets the numbers as the data set has them. The others get them divided by the largest one, or
standardised where they are signed. Every method but LogisticRegression and k-nearest-neighbours, which keeps all of
them, sees a sample once.
Writes estimator.json and estimator.md to experiments/results.
"""

from __future__ import annotations

import json
import os
import platform
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import sklearn
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier

from colanet import CoLaNETClassifier, __version__, datasets
from colanet.atomic import write_text
from colanet.errors import DataError
from colanet.locks import make_folder
from colanet.programs import run_safely
from experiments.estimator_report import TITLES, table

HERE = Path(__file__).parent
FEATURES = {"n_features": 40, "n_informative": 10, "n_redundant": 10, "n_classes": 3, "class_sep": 1.5}
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Training samples, test samples, labels of both."""


@dataclass(frozen=True)
class Options:
    """What is measured: so many seeds, at most so many samples, and which data; where data and results lie."""

    seeds: int = 3
    train: int = 10_000
    test: int = 10_000
    on: tuple[str, ...] = tuple(TITLES)
    data_dir: Path | None = None
    results: Path = HERE / "results"

    def command(self) -> str:
        """The command that gives the same results."""
        on = "" if self.on == tuple(TITLES) else "".join(f" --on {name}" for name in self.on)
        return f"python -m experiments.estimator --seeds {self.seeds} --train {self.train} --test {self.test}{on}"


def methods(seed: int) -> dict[str, Callable[[], Any]]:
    """Every method by its name."""
    return {
        "CoLaNETClassifier": lambda: CoLaNETClassifier(random_state=seed, n_jobs=-1),
        "LogisticRegression": lambda: LogisticRegression(max_iter=1000),
        "KNeighborsClassifier": KNeighborsClassifier,
        "MLPClassifier, one pass": lambda: MLPClassifier(max_iter=1, random_state=seed),
        "SGDClassifier, one pass": lambda: SGDClassifier(max_iter=1, tol=None, random_state=seed),
    }


def digits(seed: int, options: Options) -> Arrays:
    """A quarter of the digits is the test."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X, y, test_size=0.25, random_state=seed, stratify=y)


def features(seed: int, options: Options) -> Arrays:
    """Other features for every seed."""
    X, y = make_classification(4000, random_state=seed, **FEATURES)
    return train_test_split(X, y, test_size=0.25, random_state=seed)


def images(name: str) -> Callable[[int, Options], Arrays]:
    """The images of a data set, those for training in another order for every seed."""

    def made(seed: int, options: Options) -> Arrays:
        data = datasets.load(name, options.data_dir)
        order = np.random.default_rng(seed).permutation(len(data.train_labels))
        train = data.train_images.reshape(len(order), -1)[order]
        test = data.test_images.reshape(len(data.test_labels), -1)
        return train, test, data.train_labels[order], data.test_labels

    return made


DATA: dict[str, Callable[[int, Options], Arrays]] = {
    "digits": digits, "features": features, "mnist": images("mnist"), "fashion-mnist": images("fashion-mnist"),
}  # fmt: skip


def scaled(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What gradient methods need: numbers from 0 to 1, or of mean 0 and variance 1 where they are signed."""
    if train.min() >= 0:
        return train / train.max(), test / train.max()
    mean, spread = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / spread, (test - mean) / spread


def measured(arrays: Arrays, method: str, make: Callable[[], Any]) -> dict[str, Any]:
    """Accuracy on the test samples, and the seconds of both parts."""
    train, test, labels, wanted = arrays
    if method != "CoLaNETClassifier":
        train, test = scaled(train, test)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = make().fit(train, labels)
    learnt = time.perf_counter()
    accuracy = float((fitted.predict(test) == wanted).mean())
    answered = time.perf_counter()
    return {"accuracy": accuracy, "fit_seconds": learnt - began, "predict_seconds": answered - learnt}


def measure(options: Options, say: Callable[[str], None]) -> str:
    """All data sets, methods and seeds; writes the results and returns their table."""
    make_folder(options.results)
    _warm()
    found: list[dict[str, Any]] = []
    for name in options.on:
        load = DATA[name]
        try:
            load(0, options)
        except DataError as error:
            say(f"{TITLES[name]}: left out, {error}")
            continue
        for seed in range(options.seeds):
            train, test, labels, wanted = load(seed, options)
            arrays = train[: options.train], test[: options.test], labels[: options.train], wanted[: options.test]
            for method, make in methods(seed).items():
                one = {"data": name, "method": method, "seed": seed, "train": len(arrays[0])}
                found.append(one | measured(arrays, method, make))
                say(f"{TITLES[name]}, seed {seed}: {method} {100 * found[-1]['accuracy']:.2f} %")
    record = {
        "command": options.command(), "colanet": __version__, "scikit-learn": sklearn.__version__,
        "machine": platform.machine(), "cores": os.cpu_count(), "runs": found,
    }  # fmt: skip
    text = table(record)
    write_text(options.results / "estimator.json", json.dumps(record, indent=1) + "\n")
    write_text(options.results / "estimator.md", text + "\n")
    return text


def _warm() -> None:
    """Load the kernels; what compiling them takes is no matter of a method."""
    X, y = load_digits(return_X_y=True)
    CoLaNETClassifier(n_jobs=-1).fit(X[:20], y[:20]).predict(X[:20])


@click.command()
@click.option("--seeds", default=Options.seeds, show_default=True, type=click.IntRange(1))
@click.option("--train", default=Options.train, show_default=True, type=click.IntRange(20), help="At most so many.")
@click.option("--test", default=Options.test, show_default=True, type=click.IntRange(1), help="At most so many.")
@click.option("--on", multiple=True, default=Options.on, type=click.Choice(Options.on), help="Only these data.")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--results", type=click.Path(path_type=Path), default=Options.results, help="Folder of results.")
def main(**given: Any) -> None:
    """Measure the estimator beside those of scikit-learn."""
    given["on"] = tuple(given["on"])
    click.echo(measure(Options(**given), lambda text: click.echo(text, err=True)))


if __name__ == "__main__":
    run_safely(main, "python -m experiments.estimator")
