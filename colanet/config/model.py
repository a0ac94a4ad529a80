"""The description of a network: what a configuration file says, typed and checked; it holds no arrays.

Every class is a frozen pydantic model that refuses unknown fields. Steps are 1 ms; weights, potentials and
thresholds are in units of the potential (the base threshold is 8.531); rates are per step.
Relations between objects (a projection's populations, unequal columns) are checked in `colanet.config.check`.
Inputs are described in `colanet.config.inputs`, single values in `colanet.config.values`; their names are here too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from colanet.config import precision
from colanet.config.inputs import (
    BinaryInput,
    ImageInput,
    Input,
    NoiseInput,
    PluginInput,
    TargetInput,
    TextInput,
    ValuesInput,
)
from colanet.config.values import (
    Delay,
    Discrete,
    Fraction,
    Frozen,
    GlobalName,
    LogNormal,
    LogUniform,
    MemoryTime,
    Name,
    OptionName,
    OptionValue,
    OwnName,
    Probability,
    Resource,
    Steps,
    Text,
    TimeConstant,
    Uniform,
)
from colanet.connections import CONNECTIONS
from colanet.errors import ConfigError
from colanet.units import KICK, LARGEST_SIZE, MAX_DELAY, PLASTIC_WEIGHT, POTENTIAL, RATE, Q

__all__ = [
    "MAX_COPIES", "MAX_DELAY", "BinaryInput", "Discrete", "Frozen", "ImageInput", "Input", "LogNormal",
    "LogUniform", "Network", "NoiseInput", "PluginInput", "Population", "Projection", "Readout", "TargetInput",
    "TextInput", "Uniform", "ValuesInput",
]  # fmt: skip

MAX_COPIES = 65536

# ------------------------------------------------------------------ populations


class Population(Frozen):
    """A population of leaky integrate-and-fire neurons that share their parameters.

    Attributes
    ----------
    name : str
        Its own; no blanks and none of `/ . : >`.
    size : int
        Neurons.
    columns : int or None
        Columns of equal size; neuron i is in column i // (size / columns).
    winner_take_all : bool
        At most one neuron of a column fires in a step.
    tau_m : int, float or inf (step)
        Membrane time constant; 1 wipes the potential at every step, infinity is no leak. The leak of a step is
        (1024 div tau_m) / 1024 of the potential, for a fractional tau_m too.
    min_potential : float or None (potential)
        Floor of the potential. Above the threshold of 8.531 the population fires at every step by itself.
    threshold_increment : float (potential)
        Rise of the threshold per own spike; it decays linearly, one increment in `threshold_decay` steps.
    threshold_decay : int or None (step)
        Steps that a rise takes to go.
    threshold_weight_factor : float
        alpha: the threshold rises by alpha times the sum of the neuron's positive plastic weights.
    memory : int, inf, distribution or None (step)
        How long a neuron goes on firing by itself after a spike; it can be drawn for each neuron.
    memory_period : int (step)
        From one spike of such firing to the next.
    noise_amplitude : float (potential)
        Upper bound of the uniform random kick of every step.
    bias : float (potential)
        Ours: signed constant added to the potential at every step, after the leak, also while asleep.
    reset : {'zero', 'subtract'}
        Ours: at a spike the potential is zeroed, or what it exceeds the threshold by stays.
    reset_period : int or None (step)
        The potential is zeroed at steps t with t mod reset_period = reset_phase.
    reset_phase : int (step)
        See `reset_period`.
    hebbian_rate : float (resource)
        dH: change of a contributing synapse, once per tight spike sequence.
    hebbian_window : float (tau_m)
        T_H: how far back a synapse contributes.
    isi_max : int (step)
        Longest gap inside a tight spike sequence; 0: every spike is a sequence of its own.
    dopamine_window : int (step)
        T_D: how far a reward looks back.
    dopamine_rule : {'two_factor', 'three_factor'}
        Whether a reward changes synapses by their input alone, or only together with a spike of the neuron.
    stability_rule : {'two_factor', 'three_factor'} or None
        Ours: the rule of stability; None: as `dopamine_rule`.
    stability_rate : float
        r: change of stability per change of resource.
    stability_lifetime : int or None (step)
        Ours: a neuron that has not fired for so many steps has lost 1 of its stability; None: it is kept for good.
    w_min : float (potential)
        Lower bound of plastic weights.
    w_max : float or None (potential)
        Upper bound of plastic weights; needed where a plastic projection ends.
    virtual_synapses : int
        Silent synapses that share the debt; -1 switches renormalisation off.
    presynaptic_rate : float (resource)
        x: change of every synapse that received a spike in the last `presynaptic_period` steps.
    presynaptic_period : int or None (step)
        P: from one such change to the next.
    weight_bits : int (bit)
        Ours: of a plastic weight; weights are multiples of a whole step of 1/1000.
    resource_bits : int (bit)
        Ours: of a synaptic resource, its sign included.
    resource_fraction : int (bit)
        Ours: how many of these are behind the point.
    resource_rounding : {'nearest', 'stochastic'}
        Ours: how a change becomes a multiple of the smallest resource.
    potential_bits : int (bit)
        Ours: of a potential, its sign included.
    potential_step : float (potential)
        Ours: potentials are multiples of it.
    random_generator : {'splitmix64', 'jenkins32'}
        Ours: the hash behind random kicks and stochastic rounding; jenkins32 is cheap in logic.
    """

    name: OwnName
    size: Annotated[int, Field(ge=1, le=LARGEST_SIZE)]
    columns: Annotated[int, Field(ge=1)] | None = None
    winner_take_all: bool = False
    tau_m: TimeConstant = 1
    min_potential: Annotated[float | None, POTENTIAL] = None
    threshold_increment: Annotated[float, Field(ge=0), POTENTIAL] = 0.0
    threshold_decay: Steps | None = None
    threshold_weight_factor: Annotated[float, Field(ge=0), RATE] = 0.0
    memory: MemoryTime | None = None
    memory_period: Steps = 9
    noise_amplitude: Annotated[float, Field(ge=0), KICK] = 0.0
    bias: Annotated[float, POTENTIAL] = 0.0
    reset: Literal["zero", "subtract"] = "zero"
    reset_period: Steps | None = None
    reset_phase: Annotated[int, Field(ge=0)] = 0
    hebbian_rate: Annotated[float, RATE] = 0.0
    hebbian_window: Annotated[float, Field(ge=0)] = 3.0
    isi_max: Annotated[int, Field(ge=0, le=4096)] = 0
    dopamine_window: Annotated[int, Field(ge=0, le=4096)] = 0
    dopamine_rule: Literal["two_factor", "three_factor"] = "two_factor"
    stability_rule: Literal["two_factor", "three_factor"] | None = None
    stability_rate: Annotated[float, RATE] = 0.0
    stability_lifetime: Annotated[int, Field(ge=1, le=(1 << 31) - 1)] | None = None
    w_min: Annotated[float, Field(le=0), PLASTIC_WEIGHT] = 0.0
    w_max: Annotated[Annotated[float, Field(gt=0)] | None, PLASTIC_WEIGHT] = None
    virtual_synapses: Annotated[int, Field(ge=-1, le=LARGEST_SIZE)] = 0
    presynaptic_rate: Annotated[float, RATE] = 0.0
    presynaptic_period: Annotated[int, Field(ge=1, le=4096)] | None = None
    weight_bits: Annotated[int, Field(ge=1, le=16)] = precision.DEFAULTS["weight_bits"]
    resource_bits: Annotated[int, Field(ge=2, le=32)] = precision.DEFAULTS["resource_bits"]
    resource_fraction: Annotated[int, Field(ge=0, le=Q)] = precision.DEFAULTS["resource_fraction"]
    resource_rounding: Literal["nearest", "stochastic"] = precision.DEFAULTS["resource_rounding"]
    potential_bits: Annotated[int, Field(ge=2, le=32)] = precision.DEFAULTS["potential_bits"]
    potential_step: Annotated[float, Field(ge=0.001), POTENTIAL] = precision.DEFAULTS["potential_step"]
    random_generator: Literal["splitmix64", "jenkins32"] = precision.DEFAULTS["random_generator"]

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
        for problem in precision.problems(self):
            raise ValueError(problem)
        return self

    @model_serializer(mode="wrap")
    def _as_before_there_were_more(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Fingerprints of checkpoints are made from this text.
        data: dict[str, Any] = handler(self)
        if data.get("stability_lifetime", 0) is None:
            del data["stability_lifetime"]
        return {name: value for name, value in data.items() if precision.DEFAULTS.get(name, data) != value}


# ------------------------------------------------------------------ projections


def _known_connection(name: str) -> str:
    if name not in CONNECTIONS:
        known = ", ".join(map(repr, CONNECTIONS.names()))
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": known})
    try:
        CONNECTIONS.get(name)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return name


Connection = Annotated[str, AfterValidator(_known_connection)]
"""Name of a rule of `colanet.connections`."""


class Projection(Frozen):
    """Synapses from a population or input to a population.

    Attributes
    ----------
    source : str
        Input or population that the synapses come from.
    target : str
        Population that they go to.
    kind : {'fixed', 'plastic', 'gating', 'reward'}
        What an arrival does.
    connection : str
        Which neurons are connected: a rule of `colanet.connections` or of an installed package.
    probability : float
        Of a pair; for `random`, and for rules that say so (`takes`).
    max_inputs : int or None
        Most synapses of a target neuron; for `random`, and for rules that say so.
    source_fraction : float
        Ours: part of the source neurons that each network copy sees, drawn for it; for `all_to_all`, fixed and
        plastic.
    weight : float or None
        Of a fixed projection a potential, of gating a whole number of steps, of reward a change of resource. None:
        of a fixed one the base threshold + 1; a plastic one has none; the others need it.
    initial_resource : float or distribution (resource)
        Of a plastic synapse at the start; it can be drawn for each synapse.
    delay : int or distribution (step)
        It can be drawn for each synapse.
    """

    source: Name
    target: Name
    kind: Literal["fixed", "plastic", "gating", "reward"] = "fixed"
    connection: Connection = "random"
    probability: Probability = 1.0
    max_inputs: Annotated[int, Field(ge=1)] | None = None
    source_fraction: Fraction = 1.0
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
        takes = CONNECTIONS.get(self.connection).takes
        given = {
            "probability": self.probability != 1.0,
            "max_inputs": self.max_inputs is not None,
            "source_fraction": self.source_fraction != 1.0,
        }
        for name, there in given.items():
            if there and name not in takes:
                raise ValueError(f"{name}: the connection {self.connection} takes {' and '.join(takes) or 'none'}")
        if given["source_fraction"] and self.kind not in ("fixed", "plastic"):
            raise ValueError(f"source_fraction: expected a fixed or plastic projection, found {self.kind}")
        return self

    @model_serializer(mode="wrap")
    def _as_before_copies_saw_parts(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Fingerprints of checkpoints are made from this text.
        data: dict[str, Any] = handler(self)
        return {name: value for name, value in data.items() if (name, value) != ("source_fraction", 1.0)}


# --------------------------------------------------------------------- document


class Readout(Frozen):
    """Which population decides, and by which rule.

    Attributes
    ----------
    kind : {'object', 'state'}
        The kind of target that it is asked of.
    population : str
        Whose spikes decide.
    rule : str
        Ours: how spikes become answers: a rule of `colanet.readout.rules` or of an installed package.
    options : dict of str to int, float or str
        Ours: what the rule is told.
    """

    kind: Literal["object", "state"] = "object"
    population: Name
    rule: Name = "votes"
    options: dict[OptionName, OptionValue] = Field(default={})

    @model_serializer(mode="wrap")
    def _as_before_there_were_rules(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Fingerprints of checkpoints are made from this text.
        data: dict[str, Any] = handler(self)
        for name, default in (("rule", "votes"), ("options", {})):
            if data.get(name) == default:
                del data[name]
        return data


class Network(Frozen):
    """A whole configuration.

    Attributes
    ----------
    inputs : tuple of inputs
        Spike sources and targets.
    populations : tuple of Population
        Neurons that share their parameters.
    projections : tuple of Projection
        Synapses of one kind between two of these.
    copies : int
        Independent copies of the populations that share the inputs; their votes are added.
    state : str or None
        File of a saved state to start from, relative to the configuration.
    readout : Readout or None
        Which population answers, and how.
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
        """The population of that name; KeyError, naming those there are, if there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        names = ", ".join(p.name for p in self.populations)
        raise KeyError(f"there is no population {name}; known: {names}")
