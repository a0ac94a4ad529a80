"""What a worker gets and gives back. Both travel between processes and machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """One trial to evaluate.

    Attributes
    ----------
    number : int
        Of the trial.
    subject : object
        What is tried: for the real objective a `colanet.search.subject.Subject`.
    settings : dict of str to str
        Overrides of the network.
    seeds : tuple of int
    threads : int or None
        Threads a run may use; None: all cores.
    engine : str
        Of a run.
    """

    number: int
    subject: Any
    settings: dict[str, str]
    seeds: tuple[int, ...]
    threads: int | None = 1
    engine: str = "auto"


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes
    ----------
    metrics : tuple of dict
        Metric to value, one dict a seed; empty if the trial failed.
    seconds : float
        Wall time.
    problem : str or None
        Why the settings could not be evaluated.
    """

    metrics: tuple[dict[str, float], ...] = ()
    seconds: float = 0.0
    problem: str | None = None


Evaluate = Callable[[Job], Result]
