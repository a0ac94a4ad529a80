"""From samples with labels to a session that learns the one part and is tested on the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from colanet import config, hashing
from colanet.atomic import write_bytes
from colanet.config.model import ImageInput, Network, TargetInput
from colanet.config.overrides import override_all
from colanet.encoding.arrays import present_arrays
from colanet.encoding.context import DataUsed
from colanet.errors import ConfigError, DataError, Problem
from colanet.estimator.inputs import learn_coding
from colanet.estimator.meaning import Meaning
from colanet.estimator.network import Constants, adapted
from colanet.estimator.ready import pixels_of, ready_network
from colanet.hashing import Stream
from colanet.own import suspicions
from colanet.own.samples import Given, Samples, classes_of, indices
from colanet.plan import memory
from colanet.session import Session

TEST_SHARE = 0.2


@dataclass(frozen=True)
class Choices:
    """What a user may choose.

    Attributes
    ----------
    seed : int
        Of everything that is drawn, the test part and the order of samples too.
    test_share : float or None
        Share of every class that is held out; None: `TEST_SHARE`, or the test part of the data.
    microcolumns, copies : int or None
    scaler : {'auto', 'range', 'quantile'}
        As for `colanet.CoLaNETClassifier`.
    network : Network or None
        A configuration that is used instead of one that is made.
    passes : int
        How often every training sample is shown, each time in another order.
    """

    seed: int = 0
    test_share: float | None = None
    microcolumns: int | None = None
    copies: int | None = None
    scaler: str = "auto"
    network: Network | None = None
    passes: int = 1


@dataclass(frozen=True, eq=False)
class Lesson:
    """A network and what it is shown.

    Attributes
    ----------
    network : Network
    images : ndarray of uint8, shape (n, nodes)
        Training samples first, as often as they are shown.
    labels : ndarray of int64, shape (n,)
        Columns.
    n_train : int
    meaning : Meaning
    used : DataUsed
    seed : int
    doubts : tuple of str
        What a user is to be warned of before it is learnt.
    """

    network: Network
    images: np.ndarray
    labels: np.ndarray
    n_train: int
    meaning: Meaning
    used: DataUsed
    seed: int
    doubts: tuple[str, ...] = ()

    def session(self, engine: str = "auto", threads: int | None = None) -> Session:
        """The session that is shown it; its saved states say what its nodes and columns mean."""
        shown = present_arrays(self.network.inputs, self.images, self.labels, self.n_train, seed=self.seed)
        session = Session(
            self.network, engine=engine, seed=self.seed, threads=threads,
            presentation=replace(shown, data=(self.used,)),
        )  # fmt: skip
        session.kept = self.meaning.kept()
        return session

    def misgivings(self, accuracy: float | None) -> Iterator[str]:
        """What a user is to be warned of after the test, None if there was none."""
        if accuracy is not None:
            tested, classes = self.labels[self.n_train :], self.meaning.classes
            yield from suspicions.of_score(accuracy, tested, classes, self.used.source)

    def files(self, path: Path) -> tuple[Path, Path]:
        """Files of samples and labels that belong to a configuration of this name."""
        return path.with_name(f"{path.stem}.samples.raw"), path.with_name(f"{path.stem}.labels.txt")

    def save(self, path: Path) -> None:
        """Write configuration, samples and labels; `colanet run` makes the same bits of them.

        Raises
        ------
        ConfigError
            If the ending is of no format.
        OutputError
            If a file cannot be written.
        """
        samples, labels = self.files(path)
        picture, target = _inputs_of(self.network)
        shape = "null" if picture.shape is None else str(list(picture.shape))
        named = override_all(
            self.network,
            {
                f"input.{picture.name}.source": samples.name,
                f"input.{picture.name}.shape": shape,
                f"input.{target.name}.target_file": labels.name,
                f"input.{target.name}.learning_time": str(self.n_train * target.period),
            },
        )
        config.save(named, path)
        write_bytes(samples, self.images.tobytes())
        write_bytes(labels, "".join(f"{label}\n" for label in self.labels.tolist()).encode())


def lesson(given: Given, choices: Choices) -> Lesson:
    """The network for these samples, and the order in which it is shown them.

    Raises
    ------
    DataError
        If there is only one class, or the test part does not fit.
    ConfigError
        If the network does not fit the samples, or a choice is out of range.
    """
    classes = classes_of(given.train, given.used.source, given.label)
    train, test = _parts(given, classes, choices)
    x = train.values.reshape(len(train), -1)
    taught, tested = (indices(part, classes) for part in (train, test))
    if choices.network is None:
        coding = learn_coding(x, choices.scaler, None)
        asked = {"microcolumns": choices.microcolumns, "copies": choices.copies}
        constants = replace(Constants(), **{k: v for k, v in asked.items() if v is not None})
        made = adapted(x.shape[1] * coding.fields, len(classes), coding.activity(x), constants)
        shape = f"[{', '.join(map(str, _shape(train.values.shape[1:], coding.fields)))}]"
        network = override_all(made, {"input.R.shape": shape})
    else:
        network = _ready(choices, x.shape[1], len(classes))
        coding = learn_coding(x, choices.scaler, pixels_of(network) // x.shape[1])
    meaning = Meaning(coding, classes, train.values.shape[1:], given.features, given.label)
    coded, held = coding(x), coding(test.values.reshape(len(test), x.shape[1]))
    _check_room(choices.passes * coded.nbytes, choices.passes)
    orders = _orders(len(train), len(classes), choices)
    images = np.concatenate([*(coded[order] for order in orders), held])
    labels = np.concatenate([*(taught[order] for order in orders), tested])
    doubts = (*suspicions.of_labels(given.train), *suspicions.of_numbers(taught, classes, given.used.source))
    n = len(train) * choices.passes
    return Lesson(network, images, labels, n, meaning, given.used, choices.seed, doubts)


def _check_room(needed: int, passes: int) -> None:
    """DataError if the samples of all passes are more than the memory that is free."""
    free = memory.available()
    if free is not None and needed > free:
        found = f"{passes} passes of these samples take {memory.size(needed)}"
        raise DataError(f"{found}, expected at most {memory.size(free)}: fewer --passes")


def _ready(choices: Choices, features: int, classes: int) -> Network:
    """The user's network, for as many classes as there are. ConfigError."""
    others = {"microcolumns": choices.microcolumns, "copies": choices.copies}
    network = ready_network(choices.network, others, features, classes)
    places = _inputs_of(network)[1].size
    if places != classes:
        raise ConfigError(Problem(f"{places} classes, expected {classes} as in the data", "network"))
    return network


def _inputs_of(network: Network) -> tuple[ImageInput, TargetInput]:
    picture = next(one for one in network.inputs if isinstance(one, ImageInput))
    target = next(one for one in network.inputs if isinstance(one, TargetInput))
    return picture, target


def _shape(shape: tuple[int, ...], fields: int) -> tuple[int, int, int]:
    """Width, height and channels, as what is shown is to be drawn; nodes of one number stand side by side.

    A number of a table is a row of nodes. Tables of one node a number may be pictures: then the number is a square.
    """
    if len(shape) > 1:
        return shape[1], shape[0], math.prod(shape[2:]) * fields
    side = math.isqrt(shape[0])
    if fields == 1 and side * side == shape[0]:
        return side, side, 1
    return fields, shape[0], 1


def _parts(given: Given, classes: tuple[str, ...], choices: Choices) -> tuple[Samples, Samples]:
    """Training and test part, each in a drawn order."""
    train, test = given.train, given.test
    if test is not None and choices.test_share is not None:
        raise DataError(f"{given.used.source}: has a test part of its own, expected no --test-share")
    if test is None:
        share = TEST_SHARE if choices.test_share is None else choices.test_share
        rows, held = _divided(indices(train, classes), share, choices.seed)
        train, test = train.rows(rows), train.rows(held)
    order = _drawn(np.arange(len(train)), choices.seed, len(classes))
    return train.rows(order), test


def _orders(n: int, classes: int, choices: Choices) -> list[slice | np.ndarray]:
    """Rows of the training part in every pass: as it stands, which is a drawn order, then in other orders."""
    drawn = (_drawn(np.arange(n), choices.seed, classes + k) for k in range(1, choices.passes))
    return [slice(None), *drawn]


def _divided(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows for training and rows held out, each in rising order: of every class the same share, but never all."""
    held = []
    for label in range(int(labels.max()) + 1):
        members = _drawn(np.flatnonzero(labels == label), seed, label)
        held.append(members[: min(round(share * len(members)), len(members) - 1)])
    out = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(labels)), out), out


def _drawn(values: np.ndarray, seed: int, number: int) -> np.ndarray:
    """Values in the random order of that number."""
    drawn: np.ndarray = values[hashing.shuffled(seed, hashing.stream(Stream.SPLIT, number), len(values))]
    return drawn
