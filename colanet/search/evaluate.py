"""How trials are judged: the experiment with a trial's settings, once with each seed."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from colanet.config.notices import ConfigWarning
from colanet.continual.experiment import Experiment
from colanet.continual.outcome import Outcome
from colanet.continual.runner import run_one
from colanet.continual.together import Order, run_together
from colanet.engine.together import Together
from colanet.errors import ConfigError
from colanet.search.jobs import Job, Result
from colanet.search.measures import measure
from colanet.search.subject import Subject, tasks_of

IMPOSSIBLE = (ConfigError, ArithmeticError)
"""Settings that no engine can represent are a failed trial; missing data or a broken engine end the search."""


def evaluate(job: Job) -> Result:
    """Run the experiment with a trial's settings, once with each seed."""
    began = time.perf_counter()
    experiment, tasks, rows = experiment_of(job), tasks_of(job.subject), []
    try:
        with warnings.catch_warnings():
            # What there is to say of the network was said when the subject was made.
            warnings.simplefilter("ignore", ConfigWarning)
            for seed in job.seeds:
                outcome = run_one(experiment, seed, tasks=tasks, engine=job.engine, threads=job.threads)
                rows.append(measure(outcome.matrix, experiment.test_last))
    except IMPOSSIBLE as error:
        return _failed(error, began)
    return Result(tuple(rows), time.perf_counter() - began)


def evaluate_together(jobs: Iterable[Job], together: Together) -> Iterator[tuple[Job, Result]]:
    """Run trials side by side on a GPU, each with each of its seeds; the results of `evaluate` as they come.

    The seconds of a trial are those from the beginning of all of them to its end.
    """
    began = time.perf_counter()
    runs = [(job, seed) for job in jobs for seed in job.seeds]
    experiments = {job.number: experiment_of(job) for job, _ in runs}
    orders = [Order(experiments[job.number], tasks_of(job.subject), seed) for job, seed in runs]
    brought: dict[int, dict[int, np.ndarray | Exception]] = {number: {} for number in experiments}
    coming = run_together(orders, together, tolerated=IMPOSSIBLE)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConfigWarning)
            one = next(coming, None)
        if one is None:
            return
        (job, seed), found = runs[one[0]], one[1]
        mine = brought[job.number]
        mine[seed] = found.matrix if isinstance(found, Outcome) else found
        if len(mine) == len(job.seeds):
            last = experiments[job.number].test_last
            yield job, _judged([mine[seed] for seed in job.seeds], last, began)


def experiment_of(job: Job) -> Experiment:
    """The experiment with a trial's settings."""
    subject: Subject = job.subject
    return subject.experiment.model_copy(update={"set": {**subject.experiment.set, **job.settings}})


def _judged(brought: Sequence[np.ndarray | Exception], last: int | None, began: float) -> Result:
    """The result of a trial from the accuracies or the error that its seeds have brought, in their order."""
    rows = []
    for found in brought:
        if isinstance(found, Exception):
            return _failed(found, began)
        rows.append(measure(found, last))
    return Result(tuple(rows), time.perf_counter() - began)


def _failed(error: Exception, began: float) -> Result:
    problem = "; ".join(str(error).splitlines()) or "no reason given"
    return Result(seconds=time.perf_counter() - began, problem=problem)
