"""What a search tries its parameters on, an experiment that never sees a test image, and how a trial is judged."""

from __future__ import annotations

import functools
import hashlib
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from colanet import config
from colanet.config import yaml_source
from colanet.config.messages import explain
from colanet.config.model import Network
from colanet.config.notices import ConfigWarning
from colanet.config.overrides import current, override_all
from colanet.config.xml_source import read_bytes
from colanet.config.yaml_io import write_yaml
from colanet.errors import ConfigError, Problem
from colanet.search.jobs import Job, Result
from colanet.search.measures import NEED_TWO, measure
from colanet.search.space import settings
from colanet.search.study import SHIPPED, Study


@dataclass(frozen=True)
class Subject:
    """An experiment made ready for a search.

    Attributes
    ----------
    experiment : colanet.continual.experiment.Experiment
        With validation images in the place of test images, and permutations of its own.
    network : Network
        Of the experiment, with its `set` put in.
    data_dir : Path or None
    """

    experiment: Any
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
    from colanet.continual.experiment import Experiment  # type: ignore[import-not-found]

    shown = os.fspath(study_file)
    fields, folder, reported = experiment_fields(study, Path(study_file))
    fields |= study.change
    if "network" in study.change:
        folder = Path(study_file).parent
    if study.permutation is not None:
        fields["tasks"] = renumbered(fields.get("tasks"), study.permutation)
    problems = refusals(fields, reported, study)
    if problems:
        raise ConfigError([Problem(message, where, shown) for where, message in problems])
    fields["network"] = os.fspath((folder / str(fields.get("network"))).resolve())
    try:
        experiment = Experiment.model_validate(fields | {"lenient": lenient})
    except ValidationError as error:
        found = [(".".join(map(str, path)), message) for path, message in explain(error, fields, Experiment)]
        raise ConfigError([Problem(message, f"experiment: {where}", shown) for where, message in found]) from error
    network = config.load(fields["network"], lenient=lenient)
    network = override_all(network, {name: str(value) for name, value in experiment.set.items()})
    study = filled(study, network, shown)
    subject = Subject(experiment, network, Path(data_dir) if data_dir is not None else None)
    if len(tasks_of(subject)) < 2 and any(study.objective.get(name) for name in NEED_TWO):
        raise ConfigError(Problem(f"{', '.join(NEED_TWO)} need at least two tasks", "objective", shown))
    return subject, study


# ------------------------------------------------------------------ experiment


def experiment_fields(study: Study, study_file: Path) -> tuple[dict[str, Any], Path, set[int]]:
    """Fields of one variant, the folder its paths are relative to, and the permutation seeds of the file.

    Raises
    ------
    ConfigError
        If the experiment file is refused or has no such variant.
    """
    if isinstance(study.experiment, dict):
        if study.variant is not None:
            raise ConfigError(Problem("inline experiments have no variants", "variant", os.fspath(study_file)))
        return {"name": study.name} | study.experiment, study_file.parent, set()
    from colanet.continual.experiment import load_experiment  # type: ignore[import-not-found]

    path = study_file.parent / study.experiment
    load_experiment(path)
    fields, _ = yaml_source.parse(read_bytes(path).decode("utf-8-sig"), os.fspath(path))
    variants = {str(variant.get("name")): variant for variant in fields.pop("variants", None) or []}
    reported = permutations(fields.get("tasks"))
    for variant in variants.values():
        reported |= permutations(variant.get("tasks"))
    if study.variant is not None:
        if study.variant not in variants:
            known = ", ".join(variants) or "none"
            message = f"there is no variant {study.variant} in {path}; known: {known}"
            raise ConfigError(Problem(message, "variant", os.fspath(study_file)))
        changes = {name: value for name, value in variants[study.variant].items() if name != "name"}
        if "network" in changes:
            fields.pop("set", None)
        else:
            changes["set"] = {**(fields.get("set") or {}), **(changes.get("set") or {})}
        fields |= changes
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
    problems = []
    values = {}
    for path in study.parameters:
        try:
            values[path] = current(network, path)
        except ConfigError as error:
            problems += [Problem(problem.message, f"parameters.{path}", shown) for problem in error.problems]
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


def identity(study: Study, subject: Subject) -> dict[str, Any]:
    """Everything that the trials depend on, the network by its content; a journal continues only with the same."""
    fields = study.model_dump(mode="json", exclude={"generations", "experiment", "change", "permutation"})
    unimportant = {"name", "title", "network", "seeds", "published"}
    experiment = subject.experiment.model_dump(mode="json", exclude=unimportant)
    text = write_yaml(subject.network)
    return {**fields, "experiment": experiment, "network": hashlib.sha256(text.encode()).hexdigest()}


# ------------------------------------------------------------------- objective


def tasks_of(subject: Subject) -> tuple[Any, ...]:
    """The tasks, made once in each process."""
    data_dir = os.fspath(subject.data_dir) if subject.data_dir is not None else None
    return _tasks(subject.experiment.model_dump_json(), data_dir)


@functools.lru_cache(maxsize=1)
def _tasks(text: str, data_dir: str | None) -> tuple[Any, ...]:
    from colanet.continual.experiment import Experiment  # type: ignore[import-not-found]
    from colanet.continual.tasks import make_tasks  # type: ignore[import-not-found]

    return make_tasks(Experiment.model_validate_json(text), data_dir=data_dir)


def evaluate(job: Job) -> Result:
    """Run the experiment with a trial's settings, once with each seed.

    Settings that no engine can represent are a failed trial; missing data or a broken engine end the search.
    """
    from colanet.continual.runner import run_one  # type: ignore[import-not-found]

    began = time.perf_counter()
    subject: Subject = job.subject
    experiment = subject.experiment.model_copy(update={"set": {**subject.experiment.set, **job.settings}})
    tasks, rows = tasks_of(subject), []
    try:
        with warnings.catch_warnings():
            # What there is to say of the network was said when the subject was made.
            warnings.simplefilter("ignore", ConfigWarning)
            for seed in job.seeds:
                rows.append(measure(run_one(experiment, seed, tasks=tasks, threads=job.threads).matrix))
    except (ConfigError, ArithmeticError) as error:
        return Result(seconds=time.perf_counter() - began, problem=one_line(str(error).splitlines()))
    return Result(tuple(rows), time.perf_counter() - began)


def one_line(lines: Sequence[str]) -> str:
    """Several problems as one."""
    return "; ".join(lines) or "no reason given"
