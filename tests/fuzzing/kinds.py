"""The kinds of files: what wrote one, what reads it, and how a tape changes one."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from colanet import archives, config
from colanet.associative import fields
from colanet.checkpoints import saved
from colanet.config.model import Network
from colanet.continual.experiment import load_experiment
from colanet.continual.outcome import Confusions, Outcome
from colanet.continual.results import load_outcome, write_outcome
from colanet.datasets.idx import IMAGES, LABELS, idx_bytes, read_idx
from colanet.encoding import files, records
from colanet.own.read import read as read_own
from colanet.own.samples import Wanted
from colanet.search.study import load_study
from colanet.session import Recording, Session
from tests.faults.work import EXPERIMENT, STUDY
from tests.fuzzing import edits
from tests.fuzzing.tape import Tape
from tests.shipped import CONFIGS, ROOT

Reader = Callable[[Path], object]


@dataclass(frozen=True)
class Kind:
    """A kind of files.

    Attributes
    ----------
    suffix : str
        Of a file's name.
    seeds : callable
        Whole small files, made in a folder.
    readers : tuple of callable
        Each takes the path of a file.
    edit : callable
        A whole file, a tape, and a folder to work in; another file.
    """

    suffix: str
    seeds: Callable[[Path], list[bytes]]
    readers: tuple[Reader, ...]
    edit: Callable[[bytes, Tape, Path], bytes]


def _without_folder(edit: Callable[[bytes, Tape], bytes]) -> Callable[[bytes, Tape, Path], bytes]:
    return lambda content, tape, _: edit(content, tape)


# --------------------------------------------------------------- configurations


def read_configuration(path: Path) -> None:
    """A network, which both languages must be able to hold."""
    network = config.load(path)
    for suffix in (".yaml", ".nnc"):
        other = path.with_name("other" + suffix)
        config.save(network, other)
        assert config.load(other) == network, f"another network once it is written as {suffix}"


def _configurations(suffix: str) -> Callable[[Path], list[bytes]]:
    names = ("mnist", "recurrent", "single_neuron", "mnist_features", "mnist_chip", "patterns", "letters")
    return lambda _: [(CONFIGS / (name + suffix)).read_bytes() for name in names]


# ------------------------------------------------------------------------- data

NETWORK = {
    "inputs": [{"name": "R", "kind": "noise", "size": 12, "noise": 0.5, "steps": 60}],
    "populations": [{"name": "N", "size": 6, "columns": 2, "w_min": -1, "w_max": 1, "hebbian_rate": 0.1}],
    "projections": [
        {"source": "R", "target": "N", "kind": "plastic", "connection": "random", "probability": 0.5}
    ],
}  # fmt: skip


def _session() -> Session:
    network = Network.model_validate(NETWORK)
    return Session(network, threads=1, engine="reference", recording=Recording())


def read_state(path: Path) -> None:
    """The session goes on from it."""
    _session().load(path)


def read_checkpoint(path: Path) -> None:
    """The session goes on from it."""
    one = _session()
    one.resume(path)
    one.run(min(one.step + 2, 60))


def _states(folder: Path) -> list[bytes]:
    one = _session()
    one.run(40)
    one.save(folder / "state.h5")
    one.checkpoint(folder / "checkpoint.h5")
    return [(folder / f"{name}.h5").read_bytes() for name in ("state", "checkpoint")]


def _outcomes(folder: Path) -> list[bytes]:
    n = 2
    values: dict[str, Any] = {
        "matrix": np.array([[0.5, np.nan], [0.25, 0.75]]), "unanswered": np.array([[0.0, np.nan], [0.1, 0.0]]),
        "untrained": np.zeros(n), "running": np.zeros(3), "boundaries": np.array([2, 3]),
        "fields": np.full((n, 4, 2), 0.25, np.float32), "columns": 2, "train_seconds": 1.0, "test_seconds": 0.5,
        "confusion": Confusions(np.array([[0, 0], [1, 0], [1, 1]]), np.ones((3, 2, 2), np.int64), n),
        "digest": "abc", "seed": 0,
    }  # fmt: skip
    (folder / "experiment.yaml").write_text(yaml.safe_dump(EXPERIMENT))
    experiment = load_experiment(folder / "experiment.yaml")
    write_outcome(folder / "outcome.h5", experiment, "{}", ("one", "two"), Outcome(**values))
    return [(folder / "outcome.h5").read_bytes()]


def _idx(_: Path) -> list[bytes]:
    chance = np.random.default_rng(0)
    images = idx_bytes(chance.integers(0, 256, (3, 4, 5)).astype(np.uint8))
    labels = idx_bytes(chance.integers(0, 10, 7).astype(np.uint8))
    return [images, labels, *(gzip.compress(one, mtime=0) for one in (images, labels))]


def _tables(_: Path) -> list[bytes]:
    rows = ["a,b,label", *(f"{i / 7},{i},{i % 3}" for i in range(8))]
    plain = "\n".join(f"{i},{i * 0.5},{-i}" for i in range(5)) + "\n"
    return ["\n".join(rows).encode(), plain.encode(), b"0\n1\n2\n-\n", gzip.compress(plain.encode(), mtime=0)]


def _archives(folder: Path) -> list[bytes]:
    chance = np.random.default_rng(0)
    many = {"x_train": chance.random((4, 3)), "y_train": np.array(["a", "b", "a", "b"])}
    for name, arrays in {
        "fields": {"weights": chance.normal(size=(5, 4)), "columns": np.arange(4)},
        "own": {"X": chance.random((4, 3)), "y": np.arange(4)},
        "parts": many | {"x_test": np.ones((2, 3)), "y_test": np.array(["a", "b"])},
    }.items():
        np.savez(folder / name, **arrays)
    np.savez_compressed(folder / "packed", X=np.zeros((9, 9)), y=np.arange(9))
    return [(folder / f"{name}.npz").read_bytes() for name in ("fields", "own", "parts", "packed")]


def _records(folder: Path) -> list[bytes]:
    chance, found = np.random.default_rng(0), []
    for form, write in records.WRITERS.items():
        steps, neurons = np.unique(chance.integers(0, (20, 5), (30, 2)), axis=0).T
        write(folder / form, steps, neurons, 5, 20)
        found.append((folder / form).read_bytes())
    return found


def _trees(*trees: dict[str, Any], folder: str) -> Callable[[Path], list[bytes]]:
    def made(_: Path) -> list[bytes]:
        shipped = sorted((ROOT / "experiments" / folder).glob("*.yaml"))[:12]
        own = [yaml.safe_dump(tree, sort_keys=False).encode() for tree in trees]
        return own + [path.read_bytes() for path in shipped]

    return made


def _text_input(path: Path) -> object:
    return files.text_rows(*files.content_of(path, None), None)


def _values(path: Path) -> object:
    return files.csv_values(*files.content_of(path, None), None)


def _labels(path: Path) -> object:
    return files.label_lines(*files.content_of(path, None), range(10), "-")


def _own(labelled: bool) -> Reader:
    return lambda path: read_own(path, Wanted(labelled=labelled))


KINDS: dict[str, Kind] = {
    "xml": Kind(".nnc", _configurations(".nnc"), (read_configuration,), _without_folder(edits.xml_tree)),
    "yaml": Kind(".yaml", _configurations(".yaml"), (read_configuration,), _without_folder(edits.yaml_tree)),
    "idx": Kind(
        "-idx", _idx, (lambda p: read_idx(p, IMAGES), lambda p: read_idx(p, LABELS), _own(False)),
        _without_folder(edits.idx_fields),
    ),
    "csv": Kind(".csv", _tables, (_own(True), _own(False), _values, _labels), _without_folder(edits.table_cells)),
    "spikes": Kind(
        ".txt", _records, (*records.READERS.values(), _text_input), _without_folder(edits.table_cells)
    ),
    "states": Kind(".h5", _states, (read_state, read_checkpoint, saved), edits.hdf5_contents),
    "outcomes": Kind(".h5", _outcomes, (load_outcome,), edits.hdf5_contents),
    "experiments": Kind(
        ".yaml", _trees(EXPERIMENT, folder=""), (load_experiment,), _without_folder(edits.yaml_tree)
    ),
    "studies": Kind(".yaml", _trees(STUDY, folder="search"), (load_study,), _without_folder(edits.yaml_tree)),
    "archives": Kind(
        ".npz", _archives,
        (archives.names_of, lambda p: archives.read_archive(p, ("X", "y"), texts=True), _own(True), _own(False),
         fields.read),
        _without_folder(edits.archive_members),
    ),
}  # fmt: skip
