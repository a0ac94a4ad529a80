"""What the files of `colanet run --out` and of `colanet continual` hold, as far as a report shows it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from colanet import contents
from colanet.config.model import Network, TargetInput
from colanet.continual.outcome import Outcome
from colanet.continual.results import load_outcome
from colanet.datasets import known_classes
from colanet.errors import CheckpointError
from colanet.storage import read_h5

StrPath = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Run:
    """Results of `colanet run --out`.

    Attributes
    ----------
    path : Path
    result : dict
        What `colanet run --json` prints.
    network : Network
    versions : dict of str to str
    seed : int
    answers, labels : ndarray of int64, shape (images,)
        Training images first; -1 for none.
    confusion : ndarray of int64, shape (classes + 1, classes + 1), or None
    classes : tuple of str
        Names.
    """

    path: Path
    result: dict[str, Any]
    network: Network
    versions: dict[str, str]
    seed: int
    answers: np.ndarray
    labels: np.ndarray
    confusion: np.ndarray | None
    classes: tuple[str, ...]

    @property
    def n_train(self) -> int:
        """Training images that were shown."""
        return int(self.result.get("train_images") or 0)

    @property
    def n_test(self) -> int:
        """Test images that were shown."""
        return int(self.result.get("test_images") or 0)

    @property
    def configuration(self) -> Any:
        """Plain values."""
        return self.network.model_dump(mode="json", exclude_none=True)

    @property
    def data(self) -> dict[str, str]:
        """Digests of the data sets and files, by name."""
        return {str(one["name"]): str(one["sha256"]) for one in self.result.get("data") or []}


@dataclass(frozen=True, eq=False)
class Course:
    """A run of `colanet continual`.

    Attributes
    ----------
    path : Path
    outcome : Outcome
    experiment : dict
    configuration : dict, or None where it is not known
        Of the network, or of what a comparison method goes by.
    versions : dict of str to str
    tasks : tuple of str
        Names.
    """

    path: Path
    outcome: Outcome
    experiment: dict[str, Any]
    configuration: Any
    versions: dict[str, str]
    tasks: tuple[str, ...]


Source = Run | Course
_NUMBERS = (
    "accuracy", "unanswered", "train_accuracy", "seconds", "image_copies_per_second", "synaptic_events_per_second",
)  # fmt: skip
"""Of a result, if they are there."""


def read(path: StrPath) -> Source:
    """Read a file of results.

    Raises
    ------
    CheckpointError
        If it is missing, damaged or of another kind.
    """
    arrays, attributes = read_h5(path)
    wanted = "results of colanet run --out or of colanet continual"
    if attributes.get("kind") in ("state", "checkpoint"):
        wanted += "; a saved state goes beside them, by --load"
    contents.check_kind(path, attributes, ("results", "outcome"), wanted)
    versions = {key: str(value) for key, value in contents.mapping(path, attributes, "versions").items()}
    if attributes["kind"] == "outcome":
        return _course(path, attributes, versions)
    return _run(path, arrays, attributes, versions)


def _run(path: StrPath, arrays: dict[str, np.ndarray], attributes: dict[str, Any], versions: dict[str, str]) -> Run:
    result = contents.mapping(path, attributes, "result")
    _check(path, result)
    try:
        network = Network.model_validate_json(contents.text(path, attributes, "configuration"))
    except ValidationError as error:
        raise CheckpointError(f"{path}: its configuration cannot be read; another colanet wrote it") from error
    labels = contents.array(path, arrays, "labels", dtype=np.int64, shape=(None,), low=-1)
    answers = contents.array(path, arrays, "answers", dtype=np.int64, shape=(None,), low=-1)
    if not labels.size:  # without labels an answer is neither right nor wrong
        answers = labels
    shown = sum(contents.integer(path, result, name) for name in ("train_images", "test_images"))
    if answers.size and not shown <= len(answers) == len(labels):
        raise CheckpointError(f"{path}: damaged, {shown} images, {len(labels)} labels and {len(answers)} answers")
    confusion = None
    if "confusion" in arrays:
        confusion = contents.array(path, arrays, "confusion", dtype=np.int64, shape=(None, None), low=0)
    largest = int(max(labels.max(initial=-1), answers.max(initial=-1)))
    n = largest + 1 if confusion is None else len(confusion) - 1
    seed = contents.integer(path, attributes, "seed")
    return Run(Path(path), result, network, versions, seed, answers, labels, confusion, class_names(network, n))


def _check(path: StrPath, result: dict[str, Any]) -> None:
    """CheckpointError if something that a page shows is not what a run writes."""
    for name in _NUMBERS:
        if result.get(name) is not None:
            contents.number(path, result, name)
    for name in ("steps", "copies"):
        contents.integer(path, result, name)
    contents.text(path, result, "digest")
    used = result.get("data") or []
    if not isinstance(used, list) or any(not isinstance(o, dict) or {"name", "sha256"} - o.keys() for o in used):
        raise CheckpointError(f"{path}: damaged, data is {str(used)[:40]}, expected names and digests")


def _course(path: StrPath, attributes: dict[str, Any], versions: dict[str, str]) -> Course:
    outcome, (experiment, configuration) = load_outcome(path)
    try:
        names = tuple(str(name) for name in json.loads(contents.text(path, attributes, "tasks")))
        plain = json.loads(configuration) if configuration else None
        described = json.loads(experiment)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged, its description cannot be read") from error
    if len(names) != len(outcome.matrix):
        raise CheckpointError(f"{path}: damaged, {len(names)} names of {len(outcome.matrix)} tasks")
    return Course(Path(path), outcome, described if isinstance(described, dict) else {}, plain, versions, names)


def class_names(network: Network, n: int) -> tuple[str, ...]:
    """Names of n classes: those of the data set that the labels are of, or their numbers."""
    target = next((i for i in network.inputs if isinstance(i, TargetInput)), None)
    classes = known_classes(target.target_file) if target else None
    return tuple(classes) if classes and len(classes) == n else tuple(map(str, range(n)))
