"""The search itself: generation by generation, each asked, evaluated side by side, and noted trial by trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from colanet.config.model import Network
from colanet.errors import ConfigError
from colanet.launching import Launcher
from colanet.search import asking
from colanet.search.jobs import Job, Result
from colanet.search.journal import OUTCOME, Journal
from colanet.search.space import settings
from colanet.search.study import Study

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

Watch = Callable[["Search"], None]


class Search:
    """A study, its journal and its workers.

    Parameters
    ----------
    study : Study
    network : Network
        That the parameters are put into.
    subject : object
        What a job carries to the objective.
    journal : Journal
    launch : Launcher
    threads : int or None
        Of one run.
    engine : str
        Of one run.
    watch : callable or None
        Called with the search after every finished trial.

    Attributes
    ----------
    evaluated : int
        Trials evaluated by this process; the others were found finished, or equal to an earlier one.
    """

    def __init__(
        self,
        study: Study,
        network: Network,
        subject: Any,
        journal: Journal,
        launch: Launcher[Job, Result],
        *,
        threads: int | None = 1,
        engine: str = "auto",
        watch: Watch | None = None,
    ) -> None:
        self.study, self.network, self.subject = study, network, subject
        self.journal, self.launch, self.threads, self.engine = journal, launch, threads, engine
        self.watch = watch or (lambda search: None)
        self.evaluated = 0

    def run(self, generations: int) -> list[FrozenTrial]:
        """Bring the search to a number of generations.

        Returns
        -------
        list of FrozenTrial
            All of them, in the order they were asked.
        """
        size = self.study.generation
        for generation in range(generations):
            trials = self.journal.trials()
            first = generation * size
            if sum(trial.state.is_finished() for trial in trials[first : first + size]) < size:
                asked = asking.ask(self.study, trials[:first], generation)
                self._evaluate(self.journal.add(asked, first))
        return self.journal.trials()[: generations * size]

    def _evaluate(self, trials: Sequence[FrozenTrial]) -> None:
        """Finish the trials that are not finished; equal settings are evaluated once in a search."""
        known = {key(t): t.number for t in self.journal.trials() if t.state.is_finished()}
        jobs, twins = [], []
        for trial in trials:
            if trial.state.is_finished():
                continue
            if key(trial) in known:
                twins.append((trial.number, known[key(trial)]))
                continue
            known[key(trial)] = trial.number
            job = self._job(trial)
            if job is not None:
                jobs.append(job)
        self._launch(jobs)
        for number, original in twins:
            self._copy(number, original)

    def _job(self, trial: FrozenTrial) -> Job | None:
        """The job of a trial; one whose values make no possible network is ended here."""
        study = self.study
        try:
            changes = settings(self.network, trial.params, study.zero_initial_weight, study.initial_range)
        except ConfigError as error:
            self._note(trial.number, {}, Result(problem=str(error)))
            return None
        return Job(trial.number, self.subject, changes, self.study.seeds, self.threads, self.engine)

    def _launch(self, jobs: Iterable[Job]) -> None:
        for job, result in self.launch(jobs):
            self.evaluated += 1
            self._note(job.number, job.settings, result)

    def _note(self, number: int, changes: dict[str, str], result: Result) -> None:
        value, problem = objective(self.study.objective, result.metrics), result.problem
        if problem is None and value is None:
            problem = "the objective is not a number"
        notes: dict[str, Any] = {"settings": changes, "metrics": list(result.metrics), "seconds": result.seconds}
        if problem is not None:
            notes["problem"] = problem
        self.journal.finish(number, value if problem is None else None, notes)
        self.watch(self)

    def _copy(self, number: int, original: int) -> None:
        twin = self.journal.trials()[original]
        self.journal.finish(number, twin.value, outcome(twin) | {"same_as": original, "seconds": 0.0})
        self.watch(self)


def key(trial: FrozenTrial) -> tuple[tuple[str, str], ...]:
    """Trials with equal keys put equal values into a network."""
    from colanet.search.space import as_text

    return tuple((name, as_text(value)) for name, value in sorted(trial.params.items()))


def outcome(trial: FrozenTrial) -> dict[str, Any]:
    """What is known of a finished trial besides its value; empty before."""
    found: dict[str, Any] = trial.user_attrs.get(OUTCOME, {})
    return found


def objective(factors: dict[str, float], metrics: Sequence[dict[str, float]]) -> float | None:
    """Mean over seeds of the weighted sum of metrics; None if there is none or it is not finite."""
    if not metrics:
        return None
    sums = [math.fsum(factor * row.get(name, math.nan) for name, factor in factors.items()) for row in metrics]
    mean = math.fsum(sums) / len(sums)
    return mean if math.isfinite(mean) else None


def best(trials: Iterable[FrozenTrial]) -> FrozenTrial | None:
    """The trial of the highest value, the earliest of equals; None if all failed."""
    done = [trial for trial in trials if trial.value is not None]
    return max(done, key=lambda trial: (trial.value, -trial.number), default=None)
