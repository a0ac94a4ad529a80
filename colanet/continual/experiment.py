"""What an experiment is, and its YAML file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from colanet.config import yaml_source
from colanet.config.messages import WORD, explain, shorten
from colanet.config.model import MAX_COPIES
from colanet.config.xml_source import read_bytes
from colanet.errors import ConfigError, Problem

METHODS = (
    "colanet", "backprop", "backprop-dropout", "backprop-self-reminder", "backprop-reservoir", "backprop-ewc",
    "backprop-joint",
)  # fmt: skip

_STRICT = ConfigDict(extra="forbid", frozen=True)
Count = Annotated[int, Field(ge=1)]
LARGEST_SEED = 2**63 - 1
"""As in ``colanet run``; result files keep the seed as a whole number of 64 bits."""
LONGEST_NAME = 100
"""Names become names of files, which hold 255 bytes with all that is added."""
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]


class TaskSource(BaseModel):
    """Where one task, or several alike, come from.

    Attributes
    ----------
    dataset : str
    repeat : int
        So many tasks, with permutation seeds that follow one another.
    permutation : int or None
        Seed of the permutation of pixels; None: not permuted.
    train, test : int or None
        Only the first images of each part; None: all.
    test_every : int
        Of these test images, each one so far from the next: a sample of the whole test set, which its first images
        are not (MNIST's first half is the easier one).
    """

    model_config = _STRICT

    dataset: str
    repeat: Count = 1
    permutation: Annotated[int, Field(ge=0)] | None = None
    train: Count | None = None
    test: Count | None = None
    test_every: Count = 1

    @model_validator(mode="after")
    def _distinct(self) -> TaskSource:
        if self.repeat > 1 and self.permutation is None:
            raise ValueError("tasks that repeat need a permutation, or they would all be the same")
        return self


class MigrationFields(BaseModel):
    """Neuron migration; see `colanet.migration.Migration`."""

    model_config = _STRICT

    population: str = "L"
    demand: str = "BIASGATE"
    empty: Annotated[int, Field(ge=0)] = 5
    every: Count = 5000
    silent: Count = 5000
    moves: Count = 5
    margin: Annotated[float, Field(ge=1)] = 2.0
    least: Annotated[int, Field(ge=0)] = 1


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
    method : str
        ``colanet`` or a comparison method of `colanet.continual.baselines`.
    options : dict
        Of a comparison method.
    migration : MigrationFields or None
    variants : tuple of dict
        Each a name and the fields in which it differs.
    published : tuple of Published
    variant : str
        Name of the variant that this is; empty: none.
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
    method: Literal[METHODS] = "colanet"  # type: ignore[valid-type]
    options: dict[str, Any] = {}
    migration: MigrationFields | None = None
    variants: tuple[dict[str, Any], ...] = ()
    published: tuple[Published, ...] = ()
    variant: str = ""
    folder: Annotated[Path, Field(exclude=True, repr=False)] = Path(".")

    @model_validator(mode="after")
    def _consistent(self) -> Experiment:
        if self.method == "colanet" and not self.network:
            raise ValueError("network: the file of a configuration is missing")
        if not self.variants:  # it is run itself
            self._refuse_ignored()
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds: one stands there twice")
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
        if self.joint and self.method != "backprop-joint":
            raise ValueError(f"joint: {self.method} learns task by task; backprop-joint mixes the tasks")

    @property
    def label(self) -> str:
        """Name of the variant, or of the experiment without variants."""
        return self.variant or self.name


def load_experiment(path: str | os.PathLike[str]) -> Experiment:
    """Read the YAML file of an experiment and check it with all its variants.

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
    _refuse_inner(fields, "", file)
    experiment = make_experiment(fields | {"folder": Path(path).parent}, file)
    expand(experiment, file)
    return experiment


def _refuse_inner(fields: dict[str, Any], where: str, file: str) -> None:
    """What is a field of `Experiment`, but not one of its file."""
    problems = [Problem("unknown field", where + name, file) for name in ("folder", "variant") if name in fields]
    if problems:
        raise ConfigError(problems)


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
        found = [(".".join(map(str, where)), message) for where, message in explain(error, fields, Experiment)]
        # A list whose entries are wrong counts as empty for pydantic; that is no problem of its own.
        inner = [where for where, _ in found]
        found = [(w, m) for w, m in found if not (w and any(other.startswith(f"{w}.") for other in inner))]
        raise ConfigError([Problem(message, where, file) for where, message in found]) from error


def expand(experiment: Experiment, file: str = "") -> tuple[Experiment, ...]:
    """Every variant as an experiment of its own; the experiment itself if it has none.

    The values of `set` of a variant are added to those of the experiment, unless it names a network of its own;
    every other field takes its place.

    Raises
    ------
    ConfigError
        With the problems of the first variant that has any.
    """
    if not experiment.variants:
        return (experiment,)
    base = experiment.model_dump(exclude={"variants"}, exclude_unset=True) | {"folder": experiment.folder}
    result = []
    for variant in experiment.variants:
        changes = {name: value for name, value in variant.items() if name != "name"}
        where = f"variants.{variant['name']}."
        _refuse_inner(changes, where, file)
        if "variants" in changes:
            raise ConfigError(Problem("a variant cannot have variants", where[:-1], file))
        fields = base | changes | {"variant": str(variant["name"])}
        if "network" in changes and "set" not in changes:
            fields.pop("set", None)
        elif "network" not in changes and isinstance(changes.get("set"), dict):
            fields["set"] = {**experiment.set, **changes["set"]}
        result.append(make_experiment(fields, file))
    return tuple(result)
