"""The description of a search, as a study file holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from colanet.config import yaml_source
from colanet.config.messages import explain
from colanet.config.model import Frozen
from colanet.config.xml_source import read_bytes
from colanet.errors import ConfigError, Problem
from colanet.search.measures import MEASURES
from colanet.search.samplers import TPE, Sampler
from colanet.search.space import Parameter, Value
from colanet.units import LARGEST_SEED

SHIPPED = "shipped"
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]


class Study(Frozen):
    """A search for the parameters of an experiment.

    Attributes
    ----------
    name : str
    experiment : str or dict
        An experiment file (relative to the study file), or the fields of an experiment.
    variant : str or None
        One of the experiment's variants.
    change : dict
        Fields that the search changes, put into the experiment as a variant's are: fewer copies, fewer tasks,
        `validation`, ...
    permutation : int or None
        The permuted tasks take the permutation seeds from this one on, instead of the experiment's.
    seeds : tuple of int
        A trial runs with each of them; the mean of the objective counts.
    sampler : Sampler
    generation : int
        Trials that are asked together and evaluated side by side.
    generations : int
    seed : int
        Of the sampler.
    parameters : dict of str to Parameter
        Field, as for `colanet run --set`, to its range.
    zero_initial_weight : tuple of str
        Plastic projections whose initial resource follows w_min and w_max so that the initial weight is 0.
    initial_range : (low, high)
        Their initial resources are drawn evenly between these multiples of the resource of weight 0.
    objective : dict of str to float
        Metric to factor; the sum is maximised. A metric alone counts with the factor 1.
    start : tuple of dict
        Trials that are tried first; the word `shipped` stands for the experiment's own values.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    experiment: str | dict[str, Any]
    variant: str | None = None
    change: dict[str, Any] = Field(default_factory=dict)
    permutation: Seed | None = None
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (0,)
    sampler: Sampler = TPE()
    generation: Annotated[int, Field(ge=1, le=4096)] = 8
    generations: Annotated[int, Field(ge=1, le=100_000)] = 10
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    parameters: Annotated[dict[str, Parameter], Field(min_length=1)]
    zero_initial_weight: tuple[str, ...] = ()
    initial_range: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] = (1.0, 1.0)
    objective: dict[str, float] = Field(default_factory=lambda: {"ACC": 1.0})
    start: tuple[dict[str, Value], ...] = ()

    @field_validator("experiment", mode="before")
    @classmethod
    def _file_or_fields(cls, value: Any) -> Any:
        if not isinstance(value, str | dict):
            raise ValueError(f"expected an experiment file or the fields of an experiment, not {value!r:.60}")
        return value

    @field_validator("objective", mode="before")
    @classmethod
    def _metric_alone(cls, value: Any) -> Any:
        return {value: 1.0} if isinstance(value, str) else value

    @field_validator("start", mode="before")
    @classmethod
    def _shipped(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [{SHIPPED: SHIPPED} if item == SHIPPED else item for item in value]

    @field_validator("objective")
    @classmethod
    def _known_metrics(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = [name for name in value if name not in MEASURES]
        if unknown or not any(value.values()):
            what = f"there is no metric {unknown[0]}" if unknown else "needs a metric with a factor other than 0"
            raise ValueError(f"{what}; known: {', '.join(MEASURES)}")
        return value

    @field_validator("seeds")
    @classmethod
    def _different(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value):
            raise ValueError("the same seed is given twice")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        problems = []
        if self.sampler.kind == "genetic" and self.generation < 2:
            problems.append("generation: a genetic sampler needs at least 2 trials in one")
        for number, trial in enumerate(self.start, 1):
            problems += [f"start number {number}: {text}" for text in self.misfits(trial)]
        if self.initial_range[0] > self.initial_range[1]:
            problems.append("initial_range: the lower bound exceeds the upper bound")
        for name in self.zero_initial_weight:
            if f"projection.{name}.initial_resource" in self.parameters:
                problems.append(f"zero_initial_weight: the initial resource of {name} is a parameter too")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def misfits(self, trial: dict[str, Value]) -> list[str]:
        """What is wrong with a trial to start from."""
        problems = []
        for path, value in trial.items() if SHIPPED not in trial else ():
            if path not in self.parameters:
                problems.append(f"{path} is not a parameter of the search")
            elif not self.parameters[path].holds(value):
                problems.append(f"{path}: expected {self.parameters[path]}, not {value}")
        return problems

    def goal(self) -> str:
        """The objective as a formula."""
        return " + ".join(f"{factor:g} {name}" for name, factor in self.objective.items())


def load_study(path: str | os.PathLike[str]) -> Study:
    """Read a study file.

    Raises
    ------
    ConfigError
        With every problem of the file, also if it is missing.
    """
    shown = os.fspath(path)
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeError as error:
        raise ConfigError(Problem("these bytes are not utf-8", file=shown)) from error
    data, lines = yaml_source.parse(text, shown)
    if not isinstance(data, dict):
        raise ConfigError(Problem("expected a mapping with the fields of a study", file=shown, line=1))
    try:
        return Study.model_validate(data)
    except ValidationError as error:
        raise ConfigError(list(_problems(error, data, lines, shown))) from error


def _problems(error: ValidationError, data: dict[str, Any], lines: dict[Any, int], shown: str) -> Iterator[Problem]:
    """What is wrong with the fields, with the line of each."""
    for path, message in explain(error, data, Study):
        if message == "unknown field" and len(path) == 1:
            message += "; known: " + ", ".join(Study.model_fields)
        where = ".".join(str(part) for part in path)
        place = path
        while place and place not in lines:
            place = place[:-1]
        for line in message.splitlines():
            yield Problem(line, where, shown, lines.get(place, 1))
