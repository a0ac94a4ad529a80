"""How a trial is judged: the experiment with the trial's settings, once with each seed."""

from __future__ import annotations

import time
import warnings

from colanet.config.notices import ConfigWarning
from colanet.continual.runner import run_one
from colanet.errors import ConfigError
from colanet.search.jobs import Job, Result
from colanet.search.measures import measure
from colanet.search.subject import Subject, tasks_of


def evaluate(job: Job) -> Result:
    """Run the experiment with a trial's settings, once with each seed.

    Settings that no engine can represent are a failed trial; missing data or a broken engine end the search.
    """
    began = time.perf_counter()
    subject: Subject = job.subject
    experiment = subject.experiment.model_copy(update={"set": {**subject.experiment.set, **job.settings}})
    tasks, rows = tasks_of(subject), []
    try:
        with warnings.catch_warnings():
            # What there is to say of the network was said when the subject was made.
            warnings.simplefilter("ignore", ConfigWarning)
            for seed in job.seeds:
                outcome = run_one(experiment, seed, tasks=tasks, threads=job.threads)
                rows.append(measure(outcome.matrix))
    except (ConfigError, ArithmeticError) as error:
        problem = "; ".join(str(error).splitlines()) or "no reason given"
        return Result(seconds=time.perf_counter() - began, problem=problem)
    return Result(tuple(rows), time.perf_counter() - began)
