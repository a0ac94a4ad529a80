"""What a search tries its parameters on: an experiment that never sees a test image."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from colanet.config.model import Network
from colanet.config.overrides import current
from colanet.config.yaml_io import write_yaml
from colanet.continual.experiment import (
    Experiment,
    expand,
    fields_of,
    load_experiment,
    make_experiment,
    merged,
)
from colanet.continual.run import network_of
from colanet.continual.task import Task
from colanet.continual.tasks import make_tasks
from colanet.errors import ConfigError, Problem
from colanet.search.measures import NEED_TWO, measured
from colanet.search.space import settings
from colanet.search.study import SHIPPED, Study

DRAWS = 2
"""How permutations of pixels and mixed orders are drawn: 2 by the hash, 1 was NumPy's generator.

It is part of a search's identity, so that no journal goes on with other data than it began with."""


@dataclass(frozen=True)
class Subject:
    """An experiment made ready for a search.

    Attributes
    ----------
    experiment : Experiment
        With validation images in the place of test images, and permutations of its own.
    network : Network
        Of the experiment, with its `set` put in.
    data_dir : Path or None
    """

    experiment: Experiment
    network: Network
    data_dir: Path | None = None


def make_subject(
    study: Study,
    study_file: str | os.PathLike[str],
    data_dir: str | os.PathLike[str] | None = None,
    *,
    lenient: bool = False,
) -> tuple[Subject, Study]:
    """The subject of a study, and the study with the experiment's own values filled in where it says `shipped`.

    Parameters
    ----------
    study : Study
    study_file : path
    data_dir : path or None
        Where to look for data sets first.
    lenient : bool
        Unknown words of the network's file are only warned of.

    Raises
    ------
    ConfigError
        If the experiment is refused, would look at test images or at reported permutations, or lacks a parameter.
    DataError
        If its data are missing.
    """
    shown = os.fspath(study_file)
    fields, folder, reported = experiment_fields(study, Path(study_file))
    fields = merged(fields, study.change, "change.", shown)
    if "network" in study.change:
        folder = Path(study_file).parent
    if study.permutation is not None:
        fields["tasks"] = renumbered(fields.get("tasks"), study.permutation)
    problems = refusals(fields, reported, study)
    if problems:
        raise ConfigError([Problem(message, where, shown) for where, message in problems])
    if fields.get("network"):
        fields["network"] = os.fspath((folder / str(fields["network"])).resolve())
    try:
        experiment = make_experiment(fields | {"lenient": lenient}, shown)
    except ConfigError as error:
        raise ConfigError([replace(one, where=f"experiment: {one.where}") for one in error.problems]) from error
    network = network_of(experiment.model_copy(update={"copies": None}))
    study = filled(study, network, shown)
    subject = Subject(experiment, network, Path(data_dir) if data_dir is not None else None)
    if len(tasks_of(subject)) < 2 and any(study.objective.get(name) for name in NEED_TWO):
        raise ConfigError(Problem(f"{', '.join(NEED_TWO)} need at least two tasks", "objective", shown))
    there = measured(experiment.schedule, len(tasks_of(subject)), joint=experiment.joint)
    missing = [name for name in study.objective if name not in there]
    if missing:
        text = f"the tests of the experiment do not give {', '.join(missing)}, but {', '.join(sorted(there))}"
        raise ConfigError(Problem(text, "objective", shown))
    return subject, study


def tasks_of(subject: Subject) -> tuple[Task, ...]:
    """The tasks, made once in each process."""
    data_dir = os.fspath(subject.data_dir) if subject.data_dir is not None else None
    return _tasks(subject.experiment.model_dump_json(), data_dir)


@functools.lru_cache(maxsize=1)
def _tasks(text: str, data_dir: str | None) -> tuple[Task, ...]:
    return make_tasks(Experiment.model_validate_json(text), data_dir)


# ------------------------------------------------------------------ experiment


def experiment_fields(study: Study, study_file: Path) -> tuple[dict[str, Any], Path, set[int]]:
    """Fields of one variant, the folder its paths are relative to, and the permutation seeds of the file.

    Raises
    ------
    ConfigError
        If the experiment file is refused or has no such variant.
    """
    shown = os.fspath(study_file)
    if isinstance(study.experiment, dict):
        if study.variant is not None:
            raise ConfigError(Problem("inline experiments have no variants", "variant", shown))
        own = merged({}, study.experiment, "experiment.", shown)
        return {"name": study.name} | own, study_file.parent, set()
    path = study_file.parent / study.experiment
    described = load_experiment(path)
    parts = {variant.label: variant for variant in expand(described)} if described.variants else {}
    reported = set().union(*(permutations(fields_of(part)["tasks"]) for part in (described, *parts.values())))
    chosen = described
    if study.variant is not None:
        if study.variant not in parts:
            message = f"there is no variant {study.variant} in {path}; known: {', '.join(parts) or 'none'}"
            raise ConfigError(Problem(message, "variant", shown))
        chosen = parts[study.variant]
    fields = fields_of(chosen)
    fields.pop("published", None)
    return fields, path.parent, reported


def permutations(tasks: Any) -> set[int]:
    """The permutation seeds that a list of tasks uses."""
    seeds: set[int] = set()
    for task in _mappings(tasks):
        if isinstance(task.get("permutation"), int):
            seeds.update(range(task["permutation"], task["permutation"] + _repeat(task)))
    return seeds


def renumbered(tasks: Any, first: int) -> list[Any]:
    """The tasks with permutation seeds from `first` on; tasks without a permutation stay without."""
    result: list[Any] = []
    for task in _mappings(tasks):
        if task.get("permutation") is not None:
            task, first = {**task, "permutation": first}, first + _repeat(task)
        result.append(task)
    return result


def _mappings(tasks: Any) -> list[dict[str, Any]]:
    return [task for task in tasks if isinstance(task, dict)] if isinstance(tasks, list | tuple) else []


def _repeat(task: Mapping[str, Any]) -> int:
    repeat = task.get("repeat", 1)
    return repeat if isinstance(repeat, int) else 1


def refusals(fields: Mapping[str, Any], reported: set[int], study: Study) -> list[tuple[str, str]]:
    """(where, message) of everything that would make the search dishonest."""
    problems = []
    validation = fields.get("validation", 0)
    if not isinstance(validation, int) or validation < 1:
        expected = "the number of training images that judge a trial, at least 1"
        message = f"a search must not look at test images: validation must be {expected}, not {validation!r:.60}"
        problems.append(("change.validation", message))
    common = sorted(permutations(fields.get("tasks")) & reported)
    if common:
        shown = ", ".join(map(str, common[:5])) + (", ..." if len(common) > 5 else "")
        message = f"a search must not look at the permutations that are reported: {shown}; give others"
        problems.append(("permutation", message))
    if fields.get("method", "colanet") != "colanet":
        problems.append(("experiment", f"only the method colanet has these parameters, not {fields['method']}"))
    return problems


# ------------------------------------------------------------------ parameters


def filled(study: Study, network: Network, shown: str) -> Study:
    """The study with `shipped` replaced by the network's values.

    Raises
    ------
    ConfigError
        With every parameter that the network does not have, and every value of its own outside its range.
    """
    values, problems = _values(study, network, shown)
    if not problems:
        try:
            settings(network, {}, study.zero_initial_weight, study.initial_range)
        except ConfigError as error:
            problems += [Problem(str(error), "zero_initial_weight", shown)]
    start = [values if SHIPPED in trial else trial for trial in study.start]
    for number, trial in enumerate(start, 1):
        if not problems:
            problems += [Problem(text, f"start number {number}", shown) for text in study.misfits(trial)]
    if problems:
        raise ConfigError(problems)
    return study.model_copy(update={"start": tuple(start)})


def _values(study: Study, network: Network, shown: str) -> tuple[dict[str, Any], list[Problem]]:
    """The network's values of the parameters, and those it does not have."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for path in study.parameters:
        with _noted(problems, path, shown):
            values[path] = current(network, path)
    return values, problems


@contextlib.contextmanager
def _noted(problems: list[Problem], path: str, shown: str) -> Iterator[None]:
    """A refusal in the block becomes a problem of a parameter."""
    try:
        yield
    except ConfigError as error:
        problems += [Problem(one.message, f"parameters.{path}", shown) for one in error.problems]


def identity(study: Study, subject: Subject) -> dict[str, Any]:
    """Everything that the trials depend on, the network by its content; a journal continues only with the same."""
    fields = study.model_dump(mode="json", exclude={"generations", "experiment", "change", "permutation"})
    unimportant = {"name", "title", "network", "seeds", "published", "variant"}
    experiment = subject.experiment.model_dump(mode="json", exclude=unimportant)
    text = write_yaml(subject.network)
    network = hashlib.sha256(text.encode()).hexdigest()
    return {**fields, "draws": DRAWS, "experiment": experiment, "network": network}
