"""What an experiment is, and its YAML file."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

from colanet.config import yaml_source
from colanet.config.messages import WORD, explain, shorten
from colanet.config.model import MAX_COPIES
from colanet.config.xml_source import read_bytes
from colanet.continual.baselines.options import METHODS as BASELINES
from colanet.continual.sources import Count, Schedule, TaskSource
from colanet.errors import ConfigError, Problem
from colanet.migration import Migration
from colanet.renewal import Renewal
from colanet.units import LARGEST_SEED

METHODS = ("colanet", *BASELINES)

_STRICT = ConfigDict(extra="forbid", frozen=True)
INNER = ("folder", "variant", "lenient")
"""Fields of `Experiment` that no file gives."""
LONGEST_NAME = 100
"""Names become names of files, which hold 255 bytes with all that is added."""
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]


def _in_range(kind: type, name: str) -> AfterValidator:
    """A value that the data class accepts for one of its fields."""

    def accepted(value: Any) -> Any:
        try:
            kind(**{name: value})
        except ConfigError as error:
            raise ValueError(error.problems[0].message) from error
        return value

    return AfterValidator(accepted)


def _fields_of(kind: type) -> type[BaseModel]:
    """A model with the fields of a data class, its defaults and bounds."""
    fields: dict[str, Any] = {
        field.name: (Annotated[get_type_hints(kind)[field.name], _in_range(kind, field.name)], field.default)
        for field in dataclasses.fields(kind)
    }
    name = f"{kind.__name__}Fields"
    return create_model(name, __config__=_STRICT, __doc__=f"The fields of `{kind.__name__}`.", **fields)


if TYPE_CHECKING:
    MigrationFields = BaseModel
    RenewalFields = BaseModel
else:
    MigrationFields = _fields_of(Migration)
    RenewalFields = _fields_of(Renewal)


class Published(BaseModel):
    """A figure from elsewhere, to stand beside ours."""

    model_config = _STRICT

    label: str
    value: str
    source: str


class Experiment(BaseModel):
    """Tasks, a network or another method, seeds.

    Attributes
    ----------
    name, title : str
    network : str
        Configuration file, relative to `folder`.
    set : dict
        Values of the network to override, as in ``colanet run --set``.
    copies : int or None
        None: the configuration's.
    seeds : tuple of int
    tasks : tuple of TaskSource
    validation : int
        If positive, each task is tested on its last so many *training* images, which are then not learnt; the test
        images stay unseen.
    joint : bool
        All tasks' training images in one random order.
    forward : bool
        Also test each task before it is learnt, which the metric FWT needs.
    test_after_every : int
        Tests come after the first task, after every so many-th one, and after the last one.
    test_last : int or None
        Only so many of the tasks seen are tested, the last ones; None: all.
    method : str
        ``colanet`` or a comparison method of `colanet.continual.baselines`.
    options : dict
        Of a comparison method.
    migration : MigrationFields or None
    renewal : RenewalFields or None
    variants : tuple of dict
        Each a name and the fields in which it differs.
    published : tuple of Published
    variant : str
        Name of the variant that this is; empty: none.
    folder : Path
    lenient : bool
        Unknown words of the network's file are only warned of.
    """

    model_config = _STRICT

    name: Annotated[str, Field(pattern=WORD, max_length=LONGEST_NAME)]
    title: str = ""
    network: str = ""
    set: dict[str, Any] = {}
    copies: Annotated[int, Field(ge=1, le=MAX_COPIES)] | None = None
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (0,)
    tasks: Annotated[tuple[TaskSource, ...], Field(min_length=1)]
    validation: Annotated[int, Field(ge=0)] = 0
    joint: bool = False
    forward: bool = False
    test_after_every: Count = 1
    test_last: Count | None = None
    method: Literal[METHODS] = "colanet"  # type: ignore[valid-type]
    options: dict[str, Any] = {}
    migration: MigrationFields | None = None
    renewal: RenewalFields | None = None
    variants: tuple[dict[str, Any], ...] = ()
    published: tuple[Published, ...] = ()
    variant: str = ""
    folder: Annotated[Path, Field(exclude=True, repr=False)] = Path(".")
    lenient: Annotated[bool, Field(exclude=True, repr=False)] = False

    @model_validator(mode="after")
    def _consistent(self) -> Experiment:
        if self.method == "colanet" and not self.network:
            raise ValueError("network: the file of a configuration is missing")
        if not self.variants:  # it is run itself
            self._refuse_ignored()
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds: a seed is given twice")
        names = [str(variant.get("name", "")) for variant in self.variants]
        if "" in names or len(set(names)) != len(names):
            raise ValueError("variants: each needs a name of its own")
        long = [name for name in names if len(name) > LONGEST_NAME]
        if long:
            what = f"names of at most {LONGEST_NAME} characters"
            raise ValueError(f"variants: expected {what}, not {shorten(long[0])}")
        return self

    def _refuse_ignored(self) -> None:
        """Fields that the method would silently pass over, so that a table would tell what was not done."""
        if self.method == "colanet":
            if self.options:
                raise ValueError("options: are for comparison methods; colanet has none, use set")
            return
        if self.migration:
            raise ValueError(f"migration: is for method colanet, {self.method} has no neurons that migrate")
        if self.renewal:
            raise ValueError(f"renewal: is for method colanet, {self.method} has no neurons that begin anew")
        if self.joint and self.method != "backprop-joint":
            raise ValueError(f"joint: {self.method} learns task by task; backprop-joint mixes the tasks")

    @property
    def schedule(self) -> Schedule:
        """Which tasks are tested when."""
        return Schedule(self.test_after_every, self.test_last)

    @property
    def label(self) -> str:
        """Name of the variant, or of the experiment without variants."""
        return self.variant or self.name


def load_experiment(path: str | os.PathLike[str], *, lenient: bool = False) -> Experiment:
    """Read the YAML file of an experiment and check it with all its variants.

    Parameters
    ----------
    path : path
    lenient : bool
        Unknown words of the networks it names are only warned of.

    Raises
    ------
    ConfigError
        With every problem of the file.
    """
    file = os.fspath(path)
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(Problem("cannot be read: not UTF-8 text", file=file)) from error
    fields, _ = yaml_source.parse(text, file)
    if not isinstance(fields, dict):
        raise ConfigError(Problem("expected the fields of an experiment", file=file))
    fields = merged({}, fields, file=file)
    experiment = make_experiment(fields | {"folder": Path(path).parent, "lenient": lenient}, file)
    expand(experiment, file)
    return experiment


def merged(
    fields: Mapping[str, Any], changes: Mapping[str, Any], where: str = "", file: str = ""
) -> dict[str, Any]:
    """Fields of an experiment with changes put in: those of a variant, or of a search.

    A value takes the place of the one that was there; None puts the field back to its default. Only the values of
    `set` are added to those that were there, and an entry that is None is taken out: the network's own value counts
    again. A change of `network` takes out all of the `set` that was there, which was meant for the other network.

    Parameters
    ----------
    fields, changes : mapping
        As they stand in a file; neither is altered.
    where, file : str
        Place of the changes, for messages; `where` ends in a point.

    Returns
    -------
    dict

    Raises
    ------
    ConfigError
        If a change is a field of `Experiment` but not one of its file.
    """
    problems = [Problem("unknown field", where + name, file) for name in INNER if name in changes]
    if problems:
        raise ConfigError(problems)
    found = {**fields, **changes}
    old, new = fields.get("set"), changes.get("set")
    if "network" in changes:
        found["set"] = new
    elif isinstance(new, Mapping):
        found["set"] = {**old, **new} if isinstance(old, Mapping) else old or new
    if isinstance(found.get("set"), Mapping):
        found["set"] = {path: value for path, value in found["set"].items() if value is not None}
    return {name: value for name, value in found.items() if value is not None}


def make_experiment(fields: dict[str, Any], file: str = "") -> Experiment:
    """An experiment of plain values.

    Raises
    ------
    ConfigError
        With every problem of the fields.
    """
    try:
        return Experiment.model_validate(fields)
    except ValidationError as error:
        found = list(explain(error, fields, Experiment))
        # A list whose entries are wrong counts as empty for pydantic; that is no problem of its own.
        outer = {path[:length] for path, _ in found for length in range(1, len(path))}
        raise ConfigError(
            [Problem(message, ".".join(map(str, path)), file) for path, message in found if path not in outer]
        ) from error


def expand(experiment: Experiment, file: str = "") -> tuple[Experiment, ...]:
    """Every variant as an experiment of its own, see `merged`; the experiment itself if it has none.

    Raises
    ------
    ConfigError
        With the problems of the first variant that has any.
    """
    if not experiment.variants:
        return (experiment,)
    base = fields_of(experiment)
    inner = {"folder": experiment.folder, "lenient": experiment.lenient}
    result = []
    for variant in experiment.variants:
        name = str(variant["name"])
        changes = {field: value for field, value in variant.items() if field != "name"}
        if "variants" in changes:
            raise ConfigError(Problem("a variant cannot have variants", f"variants.{name}", file))
        fields = merged(base, changes, f"variants.{name}.", file)
        result.append(make_experiment(fields | inner | {"variant": name}, file))
    return tuple(result)


def fields_of(experiment: Experiment) -> dict[str, Any]:
    """The fields that an experiment was given, as in its file, without its variants."""
    return experiment.model_dump(exclude={"variants", "variant"}, exclude_unset=True)
