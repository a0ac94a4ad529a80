"""Runs an experiment with one seed: task after task, online and streaming, tested on all tasks seen so far.

Each training image is shown once. After each task the network is tested, frozen, from a bookmark that it then
returns to: tests leave no trace in what follows. A run can be killed at any time and resumed; it loses at most the
images since the last checkpoint and ends with the same bits.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from colanet import __version__, config, contents, hashing
from colanet.config.model import Network
from colanet.config.overrides import override_all
from colanet.continual.experiment import Experiment
from colanet.continual.task import Task
from colanet.continual.tasks import make_tasks
from colanet.encoding import Presentation
from colanet.encoding.arrays import present_arrays
from colanet.errors import CheckpointError, ConfigError, Problem
from colanet.hashing import Stream
from colanet.migration import Migration
from colanet.readout import decide
from colanet.session import Session
from colanet.storage import read_h5, write_h5

BLOCK = 500
"""Training images over which the accuracy while learning is averaged."""
CHECKPOINT_IMAGES = 20_000

Watch = Callable[[int, int, str], None]
"""Called with images shown, images to show in all (learnt and tested), and a short text."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run brings.

    Attributes
    ----------
    matrix : ndarray of float, shape (T, T)
        Accuracy from 0 to 1 on task j after learning task k; NaN where not tested. Joint training fills only the
        last row.
    unanswered : ndarray of float, shape (T, T)
        Share of test images without any vote; NaN where not tested or not known.
    confusion : ndarray of int64, shape (T, T, classes, classes)
        After task k, on task j: row true class, column answer; images without an answer are left out.
    untrained : ndarray of float, shape (T,)
        Accuracy before any learning; NaN if not tested.
    running : ndarray of float, shape (blocks,)
        Accuracy of the answers to the training images, given before they are taught, over blocks of `BLOCK`.
    boundaries : ndarray of int64, shape (T,)
        Training images shown until the end of each task.
    fields : ndarray of float32, shape (T, pixels, neurons)
        Weights of copy 0 after each task; of joint training once. Empty for comparison methods.
    columns : int
        Columns of the learning population.
    train_seconds, test_seconds : float
        Wall times.
    digest : str
        Of the final state.
    seed : int
    """

    matrix: np.ndarray
    unanswered: np.ndarray
    confusion: np.ndarray
    untrained: np.ndarray
    running: np.ndarray
    boundaries: np.ndarray
    fields: np.ndarray
    columns: int
    train_seconds: float
    test_seconds: float
    digest: str
    seed: int

    @property
    def seconds(self) -> float:
        """Wall time of learning and testing."""
        return self.train_seconds + self.test_seconds


def run_one(
    experiment: Experiment,
    seed: int,
    *,
    tasks: Sequence[Task] | None = None,
    checkpoint: str | os.PathLike | None = None,
    resume: bool = False,
    every: int = CHECKPOINT_IMAGES,
    engine: str = "auto",
    threads: int | None = None,
    data_dir: str | os.PathLike | None = None,
    watch: Watch | None = None,
    keep: bool = False,
) -> Outcome:
    """Run an experiment with one seed.

    Parameters
    ----------
    experiment : Experiment
        Its own variants are not looked at, see `colanet.continual.experiment.expand`.
    seed : int
    tasks : sequence of Task or None
        Made already; None: made from the experiment.
    checkpoint : path or None
        File to write every `every` training images and after each task.
    resume : bool
        Continue from that file if it is there.
    engine, threads
        As for `colanet.Session`.
    data_dir : path or None
        Where to look for data sets first.
    watch : callable or None
    keep : bool
        Leave the last checkpoint at the end, to be removed when the outcome is safe; default: it is removed.

    Raises
    ------
    ConfigError, DataError, CheckpointError, BackendUnavailable
    """
    tasks = make_tasks(experiment, data_dir) if tasks is None else tuple(tasks)
    if experiment.method != "colanet":
        return _compare(experiment, tasks, seed, watch)
    run = Run(experiment, tasks, seed, engine, threads, watch)
    path = Path(checkpoint) if checkpoint is not None else None
    if resume and path is not None and path.exists():
        run.resume(path)
    outcome = run.to_the_end(path, every)
    if path is not None and not keep:
        path.unlink(missing_ok=True)
    return outcome


def check_run(experiment: Experiment, tasks: Sequence[Task]) -> None:
    """Refuse, before anything runs, what a run of CoLaNET would refuse: inputs, classes, readout, migration.

    Raises
    ------
    ConfigError, DataError, CheckpointError
    """
    changes: dict[str, Any] = {"joint": False}
    if network_of(experiment).state is None:
        changes["copies"] = 1
    trial = Run(experiment.model_copy(update=changes), [_extremes(t) for t in tasks], 0, "auto", 1, None)
    for k in range(len(tasks)):
        trial.lesson(k)
        trial.test_of(k)


def _extremes(task: Task) -> Task:
    """Two images of each part, those with the lowest and the highest label."""
    train, test = ([int(np.argmin(y)), int(np.argmax(y))] for y in (task.train_labels, task.test_labels))
    return replace(
        task,
        train_images=task.train_images[train],
        train_labels=task.train_labels[train],
        test_images=task.test_images[test],
        test_labels=task.test_labels[test],
    )



def network_of(experiment: Experiment) -> Network:
    """The network of an experiment with its values put in.

    Raises
    ------
    ConfigError
    """
    network = config.load(experiment.folder / experiment.network, lenient=experiment.lenient)
    network = override_all(network, {path: _text(value) for path, value in experiment.set.items()})
    return network if experiment.copies is None else network.model_copy(update={"copies": experiment.copies})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class Run:
    """A run on its way; everything that has to be kept stands in `self.book`, in the session, or follows from k."""

    def __init__(
        self,
        experiment: Experiment,
        tasks: Sequence[Task],
        seed: int,
        engine: str,
        threads: int | None,
        watch: Watch | None,
    ):
        self.experiment, self.tasks, self.seed, self.watch = experiment, tasks, seed, watch
        apart = [(task.train_images, task.train_labels) for task in tasks]
        self.lessons = [_mixed(tasks, seed)] if experiment.joint else apart
        network = network_of(experiment)
        migration = Migration(**experiment.migration.model_dump()) if experiment.migration else None
        self.k = 0
        self.session = Session(
            network, base_dir=(experiment.folder / experiment.network).parent, engine=engine, seed=seed,
            threads=threads, migration=migration, presentation=self.lesson(0, network),
        )  # fmt: skip
        if self.session.votes is None:
            raise ConfigError(Problem("the network has no readout, nothing can be tested", "readout"))
        n, classes = len(tasks), len(tasks[0].classes)
        plastic = [p for p in self.session.plan.projections if p.kind == "plastic" and p.from_input]
        self.fields_of = plastic[0] if plastic else None
        shape = (len(self.lessons), plastic[0].source_size, plastic[0].target_size) if plastic else (0, 0, 0)
        self.book: dict[str, np.ndarray] = {
            "matrix": np.full((n, n), np.nan),
            "unanswered": np.full((n, n), np.nan),
            "confusion": np.zeros((n, n, classes, classes), dtype=np.int64),
            "untrained": np.full(n, np.nan),
            "running": np.zeros(0),
            "fields": np.zeros(shape, dtype=np.float32),
            "seconds": np.zeros(2),
        }
        self.total = sum(len(labels) for _, labels in self.lessons) + self._tests()

    # ------------------------------------------------------------------ order

    def to_the_end(self, checkpoint: Path | None, every: int) -> Outcome:
        """Learn what is left, test, and say what came out."""
        while self.k < len(self.lessons):
            if self.session.step == 0 and self.experiment.forward:
                self._look_ahead()
            self._learn(checkpoint, every)
            self._look_back()
            self.k += 1
            if self.k < len(self.lessons):
                self.session.present(self.lesson(self.k))
                if checkpoint:
                    self._write(checkpoint)
        return self._outcome()

    def _learn(self, checkpoint: Path | None, every: int) -> None:
        session, began = self.session, time.perf_counter()
        done = sum(len(labels) for _, labels in self.lessons[: self.k])
        period = session.presentation.period or 1
        n = session.presentation.n_train
        stops = set(range(every * period, n * period, every * period)) if checkpoint else set()
        written = time.perf_counter()

        def watch(s: Session) -> None:
            nonlocal began, written
            if self.watch:
                shown = s.finished_objects()
                recent = s.score(max(shown - 2000, 0), shown)
                text = f"learning {self._name(self.k)}" + (f", {100 * recent.accuracy:.1f} %" if recent else "")
                self.watch(done + shown + self._tests_done(self.k), self.total, text)
            if checkpoint and s.step in stops:
                now = time.perf_counter()
                self.book["seconds"][0] += now - began
                began = now
                self._write(checkpoint)

        if session.step < n * period:
            session.proceed(n * period, freeze=n * period, watch=watch, boundaries=stops)
        right = decide(session.tally.votes) == self.lessons[self.k][1]
        blocks = [right[i : i + BLOCK].mean() for i in range(0, n, BLOCK)]
        self.book["running"] = np.concatenate([self.book["running"], blocks])
        if self.fields_of is not None:
            self.book["fields"][self.k] = np.nan_to_num(session.weights(self.fields_of.name))
        self.book["seconds"][0] += time.perf_counter() - began

    def _look_back(self) -> None:
        """Test all tasks seen so far."""
        joint = self.experiment.joint
        rows = range(len(self.tasks)) if joint else range(self.k + 1)
        k = len(self.tasks) - 1 if joint else self.k
        for j, confusion, unanswered in self._test(rows):
            self.book["confusion"][k, j] = confusion
            self.book["matrix"][k, j] = np.trace(confusion) / len(self.tasks[j].test_labels)
            self.book["unanswered"][k, j] = unanswered

    def _look_ahead(self) -> None:
        """Test what is not learnt yet: everything before the first task, then the next task only."""
        ahead = range(len(self.tasks)) if self.k == 0 else range(self.k, self.k + 1)
        for j, confusion, _ in self._test(ahead, ahead=True):
            accuracy = np.trace(confusion) / len(self.tasks[j].test_labels)
            if self.k == 0:
                self.book["untrained"][j] = accuracy
            else:
                self.book["matrix"][self.k - 1, j] = accuracy

    def _test(self, which: Sequence[int], *, ahead: bool = False):
        """(task, confusion, unanswered) of some tasks, the network frozen; it then stands where it stood."""
        session, began = self.session, time.perf_counter()
        place = session.bookmark()
        results = []
        for j in which:
            task = self.tasks[j]
            session.present(self.test_of(j))
            session.proceed(freeze=0)
            found = session.score(0, len(task.test_labels))
            assert found
            classes = len(task.classes)
            results.append((j, found.confusion[:classes, :classes], found.unanswered))
            if self.watch:
                # Looks ahead are not counted: what is left to do does not get less.
                shown = sum(len(labels) for _, labels in self.lessons[: self.k + (not ahead)])
                now = 0 if ahead else sum(len(self.tasks[i].test_labels) for i in which if i <= j)
                when = "before" if ahead else "after"
                text = f"{task.name} {when} {self._name(self.k)}: {100 * found.accuracy:.1f} %"
                self.watch(shown + self._tests_done(self.k) + now, self.total, text)
        session.return_to(place)
        self.book["seconds"][1] += time.perf_counter() - began
        return results

    # ------------------------------------------------------------------- data

    def lesson(self, k: int, network: Network | None = None) -> Presentation:
        """Everything that is learnt between two tests."""
        images, labels = self.lessons[k]
        inputs = (network or self.session.network).inputs
        return present_arrays(inputs, images, labels, len(labels), seed=self._coding_seed(2 * k))

    def test_of(self, j: int) -> Presentation:
        """The test images of task j."""
        task, seed = self.tasks[j], self._coding_seed(2 * j + 1)
        return present_arrays(self.session.network.inputs, task.test_images, task.test_labels, 0, seed=seed)

    def _coding_seed(self, number: int) -> int:
        """No two tasks, nor learning and test, share their random spikes."""
        return hashing.key(self.seed, hashing.stream(Stream.TASK, number))

    def _name(self, k: int) -> str:
        return "all tasks together" if self.experiment.joint else self.tasks[k].name

    def _tests_done(self, k: int) -> int:
        """Test images that the tasks before k took."""
        return sum(sum(len(t.test_labels) for t in self.tasks[: i + 1]) for i in range(k))

    def _tests(self) -> int:
        if self.experiment.joint:
            return sum(len(t.test_labels) for t in self.tasks)
        return self._tests_done(len(self.tasks))

    # ------------------------------------------------------------ checkpoints

    @functools.cached_property
    def fingerprint(self) -> str:
        """Hash of everything that must agree for a run to be continued."""
        text = self.experiment.model_dump_json(exclude={"seeds", "title", "published", "variants"})
        total = hashlib.sha256(f"{text} {self.seed} {self.session.network.model_dump_json()}".encode())
        for task in self.tasks:
            total.update(task.train_labels.tobytes() + task.test_labels.tobytes())
            total.update(np.ascontiguousarray(task.train_images).data)
            total.update(np.ascontiguousarray(task.test_images).data)
        return total.hexdigest()

    def _write(self, path: Path) -> None:
        arrays, attributes = self.session.snapshot()
        arrays |= {f"book/{name}": value for name, value in self.book.items()}
        write_h5(path, arrays, attributes | {"kind": "continual", "run": self.fingerprint, "task": self.k})

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint.

        Raises
        ------
        CheckpointError
            If it is damaged or was written by another experiment, seed or data.
        """
        arrays, attributes = read_h5(path)
        if attributes.get("kind") != "continual":
            raise CheckpointError(f"{path}: not a checkpoint of continual learning but {attributes.get('kind')}")
        if attributes.get("run") != self.fingerprint:
            raise CheckpointError(f"{path}: was written by another experiment, seed or data")
        k = contents.integer(path, attributes, "task", 0, len(self.lessons) - 1)
        book = self._checked_book(path, arrays)
        self.session.present(self.lesson(k))
        self.session.restore(path, arrays, attributes)
        self.k, self.book = k, book

    def _checked_book(self, path: Path, arrays: dict[str, Any]) -> dict[str, np.ndarray]:
        """What the run had found until then."""
        book = {}
        for name, mine in self.book.items():
            shape = (None,) if name == "running" else mine.shape
            book[name] = contents.array(path, arrays, f"book/{name}", dtype=mine.dtype, shape=shape)
        for name in ("matrix", "unanswered", "untrained", "running"):
            contents.check_shares(path, f"book/{name}", book[name])
        for name in ("confusion", "seconds"):
            contents.array(path, arrays, f"book/{name}", self.book[name], low=0, high=contents.LARGEST)
        return book

    def _outcome(self) -> Outcome:
        book, seconds = dict(self.book), self.book["seconds"]
        del book["seconds"]
        columns = self.session.plan.populations[self.fields_of.target].columns if self.fields_of else 0
        return Outcome(
            **book,
            boundaries=np.cumsum([len(labels) for _, labels in self.lessons]),
            columns=columns,
            train_seconds=float(seconds[0]),
            test_seconds=float(seconds[1]),
            digest=self.session.result().digest,
            seed=self.seed,
        )


def _mixed(tasks: Sequence[Task], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Training images of all tasks in one random order."""
    images = np.concatenate([task.train_images for task in tasks])
    labels = np.concatenate([task.train_labels for task in tasks])
    order = hashing.shuffled(seed, hashing.stream(Stream.MIXTURE, 0), len(labels))
    return images[order], labels[order]


def _compare(experiment: Experiment, tasks: Sequence[Task], seed: int, watch: Watch | None) -> Outcome:
    """Run a comparison method."""
    from colanet.continual.baselines import run_baseline

    found = run_baseline(tasks, experiment.method, seed, options=experiment.options, watch=watch)
    digest = hashlib.sha256(f"{__version__} {experiment.method}".encode() + found.confusion.tobytes()).hexdigest()
    return Outcome(
        matrix=found.matrix,
        unanswered=np.full_like(found.matrix, np.nan),
        confusion=found.confusion,
        untrained=found.untrained,
        running=np.zeros(0),
        boundaries=np.cumsum([len(task.train_labels) for task in tasks]),
        fields=np.zeros((0, 0, 0), dtype=np.float32),
        columns=0,
        train_seconds=found.seconds,
        test_seconds=0.0,
        digest=digest,
        seed=seed,
    )
