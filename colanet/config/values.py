"""Building blocks of descriptions: the base class, types of single values, distributions."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WrapSerializer, model_validator

from colanet.units import LONGEST_MEMORY, MAX_DELAY


class Frozen(BaseModel):
    """Base of all descriptions: immutable, unknown fields refused, non-finite numbers refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _number_or_infinity(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in {"infinity", "inf", ".inf"}:
        return math.inf
    # As 3 and 3.0 are one time, they are one value: written and compared alike.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _told_in_json(value: Any, handler: Any) -> Any:
    # JSON has no infinity; null, which pydantic would write, cannot be read back.
    return "infinity" if value == math.inf else handler(value)


_INFINITY = WrapSerializer(_told_in_json, when_used="json")

Steps = Annotated[int, Field(ge=1, le=2**31 - 1)]
LongTime = Annotated[int, Field(ge=0, lt=2**60)]
"""Steps or bytes of a whole run: sums of two of them fit 64 bits."""
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Fraction = Annotated[float, Field(gt=0.0, le=1.0)]
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


def _as_whole(value: Any) -> Any:
    # As 3 and 3.0 are one number, they are one value: written alike in both languages.
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


OptionValue = Annotated[int | float | Text, BeforeValidator(_as_whole)]
OptionName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
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
    Annotated[int, Field(ge=1, le=2**20)]
    | Annotated[float, Field(ge=1, le=2**20)]
    | Annotated[float, Field(ge=math.inf, allow_inf_nan=True)],
    BeforeValidator(_number_or_infinity),
    _INFINITY,
]
MemoryTime = Annotated[
    Annotated[int, Field(ge=1, le=LONGEST_MEMORY)]
    | Annotated[float, Field(ge=math.inf, allow_inf_nan=True)]
    | Uniform
    | LogUniform,
    BeforeValidator(_number_or_infinity),
    _INFINITY,
]
