"""The description of a network: what a configuration file says, typed and checked, nothing of arrays.

Every class is a frozen pydantic model that refuses unknown fields. Steps are 1 ms; weights, potentials and
thresholds are in units of the potential (the base threshold is 8.531); rates are per step.
Relations between objects (a projection's populations, unequal columns) are checked in `colanet.config.check`.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

MAX_DELAY = 30
"""Longest synaptic delay in steps (ArNI-X 2.2 manual)."""
MAX_COPIES = 65536


class Frozen(BaseModel):
    """Base of all descriptions: immutable, unknown fields refused, non-finite numbers refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _number_or_infinity(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in {"infinity", "inf", ".inf"}:
        return math.inf
    return value


Steps = Annotated[int, Field(ge=1, le=2**31 - 1)]
LongTime = Annotated[int, Field(ge=0, lt=2**60)]
"""Steps or bytes of a whole run: sums of two of them fit 64 bits."""
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Name = Annotated[str, Field(pattern=r"^[^\s/.:>\p{C}]+$")]
NAME_BYTES = 150
"""Longest name of an input or a population in UTF-8: with copy and ending it is part of file names."""


def _short(name: str) -> str:
    size = len(name.encode())
    if size > NAME_BYTES:
        raise ValueError(f"{name[:20]}... is a name of {size} bytes; at most {NAME_BYTES} fit into file names")
    return name


OwnName = Annotated[Name, AfterValidator(_short)]
Text = Annotated[str, Field(pattern=r"^[^\s\p{C}]([^\p{C}]*[^\s\p{C}])?$")]
"""One line of printable characters without blanks at its ends: what both file formats can hold."""
GlobalName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]


# ---------------------------------------------------------------- distributions


class Uniform(Frozen):
    """Uniform between two bounds, both included for integers."""

    uniform: tuple[float, float]

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.uniform[0] > self.uniform[1]:
            raise ValueError("the lower bound must not exceed the upper bound")
        return self


class LogUniform(Frozen):
    """The logarithm is uniform between the logarithms of two positive bounds."""

    log_uniform: tuple[float, float]

    @model_validator(mode="after")
    def _ordered(self) -> LogUniform:
        low, high = self.log_uniform
        if not 0 < low <= high:
            raise ValueError("needs 0 < lower bound <= upper bound")
        return self


class LogNormal(Frozen):
    """Log-normal with the given mean and standard deviation of the value itself (not of its logarithm)."""

    log_normal: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(ge=0)]]


class Discrete(Frozen):
    """`value` with probability `share` for each pair, else the default."""

    default: float = 0.0
    values: tuple[tuple[float, Probability], ...]

    @model_validator(mode="after")
    def _shares(self) -> Discrete:
        if sum(share for _, share in self.values) > 1 + 1e-9:
            raise ValueError("the shares must not add up to more than 1")
        return self


Delay = Annotated[int, Field(ge=1, le=MAX_DELAY)] | Uniform | LogNormal
Resource = float | Uniform | Discrete
TimeConstant = Annotated[
    Annotated[int, Field(ge=1, le=2**20)] | Annotated[float, Field(ge=math.inf, allow_inf_nan=True)],
    BeforeValidator(_number_or_infinity),
]
MemoryTime = Annotated[
    Annotated[int, Field(ge=1, le=2**30)]
    | Annotated[float, Field(ge=math.inf, allow_inf_nan=True)]
    | Uniform
    | LogUniform,
    BeforeValidator(_number_or_infinity),
]


# ----------------------------------------------------------------------- inputs


class _Input(Frozen):
    """Fields that every spike source from a file or from noise has.

    Attributes
    ----------
    name : str
    size : int or None
        Number of nodes; None where the data decide it.
    noise : float
        Spike probability per node and step, added to the signal.
    pacemaker_period : int or None
        Node 0 also spikes at every step t with t mod period = 0.
    steps : int or None
        Number of steps; None: as long as the data last (pure noise must give it).
    mode : {'once', 'repetitive', 'endless'}
        At the end of the data: stop the run, start the data again, or go on in silence.
    skip : int
        Leading steps of the data to drop.
    labels : str or None
        File with node labels, one a line.
    """

    name: OwnName
    size: Annotated[int, Field(ge=1, le=2**24)] | None = None
    noise: Probability = 0.0
    pacemaker_period: Steps | None = None
    steps: Steps | None = None
    mode: Literal["once", "repetitive", "endless"] = "once"
    skip: LongTime = 0
    labels: Text | None = None


class NoiseInput(_Input):
    """Noise only."""

    kind: Literal["noise"] = "noise"

    @model_validator(mode="after")
    def _complete(self) -> NoiseInput:
        if self.size is None:
            raise ValueError("a noise input needs its size")
        return self


class TextInput(_Input):
    """Rows of `@` (spike) and `.` (none), one row a step, one column a node. No source: standard input."""

    kind: Literal["text"] = "text"
    source: Text | None = None


class BinaryInput(_Input):
    """Bit masks, one a step, each row padded to 8 bytes. No source: standard input."""

    kind: Literal["binary"] = "binary"
    source: Text | None = None


class ImageInput(_Input):
    """8-bit images shown one after another, each pixel a node.

    Attributes
    ----------
    source : str or None
        A data set by name (``mnist``) or a file of raw images back to back.
    shape : (width, height, channels)
        For a data set by name it may be left out.
    offset : int
        Bytes to skip at the start of the file.
    period, presentation : int
        Steps per image, and how many of them carry spikes (None: all).
    max_rate : float
        Spikes per step of a pixel of 255.
    coding : {'integrate', 'poisson'}
        `integrate` adds max_rate * b/255 every step and spikes at 1; `poisson` draws each step.
    """

    kind: Literal["image"] = "image"
    source: Text | None = None
    shape: tuple[Steps, Steps, Steps] | None = None
    offset: LongTime = 0
    period: Steps
    presentation: Steps | None = None
    max_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    coding: Literal["integrate", "poisson"] = "integrate"

    @model_validator(mode="after")
    def _presentation_fits(self) -> ImageInput:
        if self.presentation is not None and self.presentation > self.period:
            raise ValueError(f"presentation {self.presentation} exceeds the period {self.period}")
        return self


class ValuesInput(_Input):
    """CSV records, one a line, one number a node; value r gives clip(r / saturation, 0, 1) spikes a step."""

    kind: Literal["text_values"] = "text_values"
    source: Text | None = None
    saturation: Annotated[float, Field(gt=0)] = 1.0
    period: Steps
    presentation: Steps | None = None

    @model_validator(mode="after")
    def _presentation_fits(self) -> ValuesInput:
        if self.presentation is not None and self.presentation > self.period:
            raise ValueError(f"presentation {self.presentation} exceeds the period {self.period}")
        return self


class TargetInput(Frozen):
    """One node per class; the node of the shown object's class spikes while learning lasts.

    Attributes
    ----------
    kind : {'object_target', 'state_target'}
    size : int
        Number of classes.
    target_file : str
        Data set by name, or a file with one label a line.
    learning_time : int
        Steps with labels and plasticity; what follows is the test.
    period : int
        Steps per object.
    spike_period : int or None
        The label node spikes every `spike_period` steps of the object's period (1: on every step).
        None: once per object, at `label_step`. `state_target` defaults to 1.
    label_step : int or None
        Step of the object's period, counted from 0. None: the image's presentation time + 1.
    no_class : bool
        Whether objects without a class exist; they carry `no_class_value`, give no label spike, and silence
        is the right answer to them.
    """

    name: OwnName
    kind: Literal["object_target", "state_target"] = "object_target"
    size: Annotated[int, Field(ge=1, le=2**16)]
    target_file: Text
    learning_time: LongTime
    period: Steps
    spike_period: Steps | None = None
    label_step: Annotated[int, Field(ge=0)] | None = None
    no_class: bool = False
    no_class_value: int = -1

    @model_validator(mode="after")
    def _label_in_period(self) -> TargetInput:
        if self.label_step is not None and self.label_step >= self.period:
            raise ValueError(f"label_step {self.label_step} lies outside the period of {self.period} steps")
        return self


Input = Annotated[
    NoiseInput | TextInput | BinaryInput | ImageInput | ValuesInput | TargetInput,
    Field(discriminator="kind"),
]


# ------------------------------------------------------------------ populations


class Population(Frozen):
    """A population of leaky integrate-and-fire neurons that share their parameters.

    Attributes (the symbol of `docs/learning-rule.md` in brackets)
    ----------
    size : int
    columns : int or None
        Columns of equal size; neuron i is in column i // (size / columns).
    winner_take_all : bool
        At most one neuron of a column fires in a step.
    tau_m : int or inf
        Membrane time constant in steps; 1 wipes the potential every step.
    min_potential : float or None
        Floor of the potential, at most 0.
    threshold_increment, threshold_decay
        Every own spike raises the threshold by the increment, which decays linearly, one increment in
        `threshold_decay` steps.
    threshold_weight_factor : float
        [alpha] the threshold rises by alpha times the sum of the neuron's positive plastic weights.
    memory, memory_period
        Self-sustained firing: how long a neuron goes on firing by itself, and the period of it.
    noise_amplitude : float
        Upper bound of the uniform random kick of every step.
    bias : float
        Signed constant added to the potential at every step, after the leak.
    reset : {'zero', 'subtract'}
        At a spike the potential is zeroed, or what it exceeds the threshold by stays.
    reset_period, reset_phase
        The potential is zeroed at steps t with t mod reset_period = reset_phase.
    hebbian_rate : float
        [dH] change of a contributing synapse, once per tight spike sequence.
    hebbian_window : float
        [T_H] in units of tau_m.
    isi_max : int
        Longest gap inside a tight spike sequence.
    dopamine_window : int
        [T_D] steps.
    dopamine_rule : {'two_factor', 'three_factor'}
    stability_rule : {'two_factor', 'three_factor'} or None
        None: as dopamine_rule.
    stability_rate : float
        [r]
    w_min, w_max : float
        Bounds of plastic weights; w_max is needed where a plastic projection ends.
    virtual_synapses : int
        Silent synapses that share the debt; -1 switches renormalisation off.
    presynaptic_rate, presynaptic_period
        [x, P] one-factor plasticity.
    """

    name: OwnName
    size: Annotated[int, Field(ge=1, le=2**24)]
    columns: Annotated[int, Field(ge=1)] | None = None
    winner_take_all: bool = False
    tau_m: TimeConstant = 1
    min_potential: Annotated[float, Field(le=0)] | None = None
    threshold_increment: Annotated[float, Field(ge=0)] = 0.0
    threshold_decay: Steps | None = None
    threshold_weight_factor: Annotated[float, Field(ge=0)] = 0.0
    memory: MemoryTime | None = None
    memory_period: Steps = 9
    noise_amplitude: Annotated[float, Field(ge=0)] = 0.0
    bias: float = 0.0
    reset: Literal["zero", "subtract"] = "zero"
    reset_period: Steps | None = None
    reset_phase: Annotated[int, Field(ge=0)] = 0
    hebbian_rate: float = 0.0
    hebbian_window: Annotated[float, Field(ge=0)] = 3.0
    isi_max: Annotated[int, Field(ge=0, le=4096)] = 0
    dopamine_window: Annotated[int, Field(ge=0, le=4096)] = 0
    dopamine_rule: Literal["two_factor", "three_factor"] = "two_factor"
    stability_rule: Literal["two_factor", "three_factor"] | None = None
    stability_rate: float = 0.0
    w_min: Annotated[float, Field(le=0)] = 0.0
    w_max: Annotated[float, Field(gt=0)] | None = None
    virtual_synapses: Annotated[int, Field(ge=-1, le=2**24)] = 0
    presynaptic_rate: float = 0.0
    presynaptic_period: Annotated[int, Field(ge=1, le=4096)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Population:
        if self.columns is not None and self.size % self.columns:
            raise ValueError(f"size {self.size} is not a multiple of the {self.columns} columns")
        if self.winner_take_all and self.columns is None:
            raise ValueError("winner_take_all needs columns")
        if self.threshold_increment and self.threshold_decay is None:
            raise ValueError("threshold_increment needs threshold_decay")
        if self.presynaptic_rate and self.presynaptic_period is None:
            raise ValueError("presynaptic_rate needs presynaptic_period")
        if self.reset_period is not None and self.reset_phase >= self.reset_period:
            raise ValueError(f"reset_phase {self.reset_phase} must be below reset_period {self.reset_period}")
        return self


# ------------------------------------------------------------------ projections


class Projection(Frozen):
    """Synapses from a population or input to a population.

    Attributes
    ----------
    kind : {'fixed', 'plastic', 'gating', 'reward'}
    connection : str
        `one_to_one`: same index, or blocks of the integer ratio of the sizes; `all_to_all`: all but a neuron
        to itself; `within_columns`: inside equal column indices, no self-connection; `other_columns`: all
        except the same column (the same index without columns); `within_columns_except_same`: inside equal
        columns, all but the same index; `random`: each pair with `probability`.
    probability, max_inputs
        For `random` only: probability of a pair, and the most synapses one neuron may receive.
    weight : float or None
        Needed unless plastic; a fixed projection without it gets the base threshold + 1.
        A gating weight is a number of steps; a reward weight a change of synaptic resource.
    initial_resource : float or distribution
        Synaptic resource of a plastic synapse at the start.
    delay : int or distribution
        Steps, 1 to 30.
    """

    source: Name
    target: Name
    kind: Literal["fixed", "plastic", "gating", "reward"] = "fixed"
    connection: Literal[
        "one_to_one",
        "all_to_all",
        "within_columns",
        "other_columns",
        "within_columns_except_same",
        "random",
    ] = "random"
    probability: Probability = 1.0
    max_inputs: Annotated[int, Field(ge=1)] | None = None
    weight: float | None = None
    initial_resource: Resource = 0.0
    delay: Delay = 1

    @model_validator(mode="after")
    def _consistent(self) -> Projection:
        if self.kind == "plastic" and self.weight is not None:
            raise ValueError("a plastic projection has no weight; give initial_resource")
        if self.kind in ("gating", "reward") and self.weight is None:
            raise ValueError(f"a {self.kind} projection needs a weight")
        if self.kind == "gating" and self.weight is not None and self.weight != int(self.weight):
            raise ValueError(f"a gating weight is a whole number of steps, not {self.weight}")
        if self.kind != "plastic" and self.initial_resource != 0.0:
            raise ValueError("initial_resource is for plastic projections")
        if self.connection != "random" and (self.probability != 1.0 or self.max_inputs is not None):
            raise ValueError("probability and max_inputs are for the random connection")
        return self


# --------------------------------------------------------------------- document


class Readout(Frozen):
    """Which population decides: the class whose neurons fired most during an object's period."""

    kind: Literal["object", "state"] = "object"
    population: Name


class Network(Frozen):
    """A whole configuration.

    Attributes
    ----------
    copies : int
        Independent copies of the populations that share the inputs; their votes are added.
    state : str or None
        File of a saved state to start from, relative to the configuration.
    readout : Readout or None
    globals : tuple of (name, text) pairs
        Undocumented numbers of old files; kept, never used.
    """

    inputs: tuple[Input, ...] = ()
    populations: Annotated[tuple[Population, ...], Field(min_length=1)]
    projections: tuple[Projection, ...] = ()
    copies: Annotated[int, Field(ge=1, le=MAX_COPIES)] = 1
    state: Text | None = None
    readout: Readout | None = None
    globals: tuple[tuple[GlobalName, Text | Literal[""]], ...] = ()

    def population(self, name: str) -> Population:
        """The population of that name; KeyError if there is none."""
        return next(p for p in self.populations if p.name == name)
