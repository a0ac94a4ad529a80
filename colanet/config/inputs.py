"""Descriptions of spike sources and of the input that gives the labels."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from colanet.config.values import Frozen, LongTime, OwnName, Probability, Steps, Text
from colanet.config.whole import whole
from colanet.units import LARGEST_PATCH, LARGEST_SIZE

_ARGUMENT = re.compile(r"@?[A-Za-z_][A-Za-z0-9_.-]*|#text")


class _Input(Frozen):
    """Fields that every spike source from a file or from noise has.

    Attributes
    ----------
    name : str
        Its own; no blanks and none of `/ . : >`.
    size : int or None
        Number of nodes; None where the data decide it.
    kind : str
        What the input is.
    noise : float
        Spike probability of a node in a step, added to the signal.
    pacemaker_period : int or None (step)
        Node 0 also spikes at every step t with t mod period = 0.
    steps : int or None (step)
        Number of steps; None: as long as the data last. It is needed where all inputs are noise.
    mode : {'once', 'repetitive', 'endless'}
        At the end of the data: stop the run, start the data again, or go on in silence.
    skip : int (step)
        Leading steps of the data to drop.
    labels : str or None
        File with node labels, one a line.
    """

    name: OwnName
    size: Annotated[int, Field(ge=1, le=LARGEST_SIZE)] | None = None
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
    """Rows of `@` (spike) and `.` (none), one row a step, one column a node.

    Attributes
    ----------
    source : str or None
        File, relative to the configuration; None: standard input.
    """

    kind: Literal["text"] = "text"
    source: Text | None = None


class BinaryInput(_Input):
    """Bit masks, one a step, each row padded to 8 bytes.

    Attributes
    ----------
    source : str or None
        File, relative to the configuration; None: standard input.
    """

    kind: Literal["binary"] = "binary"
    source: Text | None = None


class Features(Frozen):
    """A layer of features between the images and their coding, see `colanet.encoding.features`.

    Attributes
    ----------
    prototypes : int
        Patches that are looked for at every place.
    patch : int
        Side of a patch, in pixels.
    pool : int
        Side of the squares of places that share a feature, in pixels.
    active : int
        Most prototypes that are active at a place.
    threshold : float
        Least cosine between patch and prototype at which it is active.
    contrast : int
        Standard deviation of a patch, in intensities, below which it counts as fainter than it is.
    patches : int
        So many patches teach the prototypes.
    learnt : str or None
        The prototypes, once they are learnt: int16 in base 64. None: they are learnt from the training images that
        are shown first, and never again.
    """

    prototypes: Annotated[int, Field(ge=1, le=4096)] = 48
    patch: Annotated[int, Field(ge=2, le=31)] = 5
    pool: Annotated[int, Field(ge=1, le=4096)] = 4
    active: Annotated[int, Field(ge=1, le=4096)] = 3
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.35
    contrast: Annotated[int, Field(ge=0, le=127)] = 10
    patches: Annotated[int, Field(ge=1, le=1_000_000)] = 40_000
    learnt: Text | None = None

    def squares(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Rows and columns of squares in images of (height, width, ...)."""
        return -(-shape[0] // self.pool), -(-shape[1] // self.pool)

    def nodes(self, shape: tuple[int, ...]) -> int:
        """Features of an image of (height, width, ...)."""
        return self.prototypes * math.prod(self.squares(shape))


class ImageInput(_Input):
    """8-bit images shown one after another, each pixel a node.

    Attributes
    ----------
    source : str or None
        A data set by name (`mnist`), or a file of raw 8-bit images back to back, relative to the configuration.
    shape : (width, height, channels) or None (pixel)
        It may be left out for a data set by name; k features are [k, 1, 1].
    offset : int (byte)
        Left out at the start of the file.
    period : int (step)
        From one image to the next.
    presentation : int or None (step)
        Steps of the period that carry spikes; None: all.
    max_rate : float (spike a step)
        Of a pixel of 255.
    coding : {'integrate', 'poisson', 'regular'}
        `integrate` adds max_rate * b/255 every step and spikes at 1; `poisson` draws each step; `regular` is
        `integrate` that begins anew with every image, each node at a place of its own.
    features : Features or None
        Ours: features of the images are shown instead of their pixels.
    """

    kind: Literal["image"] = "image"
    source: Text | None = None
    shape: tuple[Steps, Steps, Steps] | None = None
    offset: LongTime = 0
    period: Steps
    presentation: Steps | None = None
    max_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    coding: Literal["integrate", "poisson", "regular"] = "integrate"
    features: Features | None = None

    @model_validator(mode="after")
    def _presentation_fits(self) -> ImageInput:
        if self.presentation is not None and self.presentation > self.period:
            raise ValueError(f"presentation {self.presentation} exceeds the period {self.period}")
        return self

    @model_validator(mode="after")
    def _features_fit(self) -> ImageInput:
        if self.features is None:
            return self
        if self.shape is None:
            raise ValueError("features need the shape of the images: width, height, channels")
        numbers = self.features.patch**2 * self.shape[2]
        if numbers > LARGEST_PATCH:
            raise ValueError(f"features: a patch of {numbers} numbers, expected at most {LARGEST_PATCH}")
        return self

    @model_serializer(mode="wrap")
    def _as_before_there_were_features(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Fingerprints of checkpoints are made from this text.
        data: dict[str, Any] = handler(self)
        return {name: value for name, value in data.items() if name != "features" or value is not None}

    @property
    def picture(self) -> tuple[int, int, int] | None:
        """Height, width, channels of the images."""
        return None if self.shape is None else (self.shape[1], self.shape[0], self.shape[2])

    @property
    def nodes(self) -> int | None:
        """Nodes, if they are known without data."""
        if self.features is not None and self.picture is not None:
            return self.features.nodes(self.picture)
        return self.size if self.shape is None else math.prod(self.shape)


class ValuesInput(_Input):
    """CSV records, one a line, one number a node; value r gives clip(r / saturation, 0, 1) spikes a step.

    Attributes
    ----------
    source : str or None
        File, relative to the configuration; None: standard input.
    saturation : float
        The value that gives a spike on every step.
    period : int (step)
        From one record to the next.
    presentation : int or None (step)
        Steps of the period that carry spikes; None: all.
    """

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


def _arguments(value: Any) -> Any:
    """Arguments of a plug-in in one form, whatever file they are of: texts, mappings, and lists of these."""
    if not isinstance(value, dict):
        raise ValueError("expected a mapping of names to texts")
    return {name: _argument(name, entry) for name, entry in value.items() if (name, entry) != ("#text", "")}


def _argument(name: Any, value: Any) -> Any:
    if not (isinstance(name, str) and _ARGUMENT.fullmatch(name)):
        raise ValueError(f"{name!r:.60} is no name of an argument: letters, digits, '_', '.' and '-'")
    element = name[0] not in "@#"
    if isinstance(value, dict) and element:
        inside = _arguments(value)
        return inside if inside.keys() - {"#text"} else inside.get("#text", "")
    if isinstance(value, list | tuple) and element and not any(isinstance(entry, list | tuple) for entry in value):
        entries = [_argument(name, entry) for entry in value]
        return entries if len(entries) > 1 else (entries or [""])[0]
    if isinstance(value, bool) or value is None:
        value = "" if value is None else str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = " ".join(str(value).split())
    if not isinstance(value, str | int | float) or not text.isprintable():
        raise ValueError(f"{name} is no text, number, list or mapping of these")
    return text


class PluginInput(Frozen):
    """Spikes that a package makes: see `colanet.encoding.plugins` for what it has to do.

    Attributes
    ----------
    name : str
        Its own; no blanks and none of `/ . : >`.
    kind : {'plugin'}
        What the input is.
    size : int or None
        Number of nodes; None where the package decides it.
    lib : str
        Name of the entry point, in the group `colanet.inputs`.
    args : dict
        What the file says to the package: texts, and mappings and lists of them. An attribute of an XML element is
        called `@name`, its text beside other things `#text`.
    period : int or None (step)
        From one object to the next, if it shows objects one after another.
    presentation : int or None (step)
        Steps of the period that carry spikes.
    stand_in : float or None
        Instead of asking the package, let every node spike with this probability a step.
    """

    name: OwnName
    kind: Literal["plugin"] = "plugin"
    size: Annotated[int, Field(ge=1, le=LARGEST_SIZE)] | None = None
    lib: Text
    args: Annotated[dict[str, Any], BeforeValidator(_arguments)] = {}  # noqa: RUF012 -- pydantic copies it
    period: Steps | None = None
    presentation: Steps | None = None
    stand_in: Probability | None = None

    @model_validator(mode="after")
    def _presentation_fits(self) -> PluginInput:
        if self.presentation is not None and (self.period is None or self.presentation > self.period):
            raise ValueError(f"presentation {self.presentation} exceeds the period {self.period}")
        return self


class TargetInput(Frozen):
    """One node per class; the node of the shown object's class spikes while learning lasts.

    Attributes
    ----------
    name : str
        Its own; no blanks and none of `/ . : >`.
    kind : {'object_target', 'state_target'}
        What the input is: labels of objects, or of states, whose node spikes on every step unless told otherwise.
    size : int
        Number of classes.
    target_file : str
        Data set by name, or a file with one label a line.
    learning_time : int (step)
        Steps with labels and plasticity; what follows is the test.
    period : int (step)
        From one object to the next; in XML that of the images or records, unless it is given.
    spike_period : int or None (step)
        The label node spikes every so many steps of the object's period, 1: on every step. None: once per object,
        at `label_step`; a `state_target` on every step.
    label_step : int or None (step)
        Ours: step of the object's period, from 0, at which the label node spikes. None: presentation + 1.
    no_class : str or None
        Label of objects without a class in the target file, for example `-` or `0`; empty: a blank line. None:
        every object has a class.
    no_class_value : float or None
        Value that an object without a class, and no answer, carry in the criteria that compare values.
    criterion : {'absolute_error', 'weighted_error', 'averaged_F', 'Rsquared'} or None
        Reported beside the accuracy (`colanet.readout.criterion_value`).
    sequential_test : bool
        Kept, never used: its meaning is not public.
    prediction_file : str or None
        Name of a CSV file of the answers, which `colanet run --out DIR` writes into DIR.

    The labels of the target file are whole numbers: the classes are those from 0 on, without that of `no_class`.
    """

    name: OwnName
    kind: Literal["object_target", "state_target"] = "object_target"
    size: Annotated[int, Field(ge=1, le=2**16)]
    target_file: Text
    learning_time: LongTime
    period: Steps
    spike_period: Steps | None = None
    label_step: Annotated[int, Field(ge=0)] | None = None
    no_class: Text | Literal[""] | None = None
    no_class_value: float | None = None
    criterion: Literal["absolute_error", "weighted_error", "averaged_F", "Rsquared"] | None = None
    sequential_test: bool = False
    prediction_file: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _old_no_class(cls, data: Any) -> Any:
        """`no_class` was yes or no once, and `no_class_value` (-1 unless given) the label."""
        given = data.get("no_class") if isinstance(data, dict) else None
        if isinstance(given, int) and not isinstance(given, bool):
            return {**data, "no_class": str(given)}
        old = {"yes": True, "true": True, "no": False, "false": False}.get(str(given).lower())
        if old is None:
            return data
        if not old:
            return {**data, "no_class": None}
        label = -1 if data.get("no_class_value") is None else data["no_class_value"]
        number, size = whole(str(label)), whole(str(data.get("size")))
        if number is not None and size is not None and 0 <= number <= size:
            raise ValueError(
                f"no_class is the label of objects without a class: write '{number}' instead of {given}; "
                f"the labels of the classes are then 0 to {size} without {number}"
            )
        return {**data, "no_class": str(label)}

    @property
    def absent_label(self) -> int | None:
        """The whole number that `no_class` is; None if it is none."""
        return None if self.no_class is None else whole(self.no_class)

    @property
    def class_labels(self) -> tuple[int, ...]:
        """Label of each class in the target file."""
        numbers = range(self.size + 1)
        return tuple(number for number in numbers if number != self.absent_label)[: self.size]

    @model_validator(mode="after")
    def _label_in_period(self) -> TargetInput:
        if self.label_step is not None and self.label_step >= self.period:
            raise ValueError(f"label_step {self.label_step} lies outside the period of {self.period} steps")
        return self


Input = Annotated[
    NoiseInput | TextInput | BinaryInput | ImageInput | ValuesInput | PluginInput | TargetInput,
    Field(discriminator="kind"),
]
