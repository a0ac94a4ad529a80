"""The parameters of a search: their ranges, and what a choice of values changes in a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from colanet.config.model import Frozen, Network
from colanet.config.overrides import current
from colanet.errors import ConfigError, Problem

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value = int | float | str
DIGITS = 6
"""Significant digits of a number that goes into a configuration; engines compute in 1/1000000 units."""


class Parameter(Frozen):
    """What one parameter may become.

    Attributes
    ----------
    low, high : float
        Both bounds are included.
    log : bool
        The logarithm is searched evenly; needs low > 0.
    integer : bool
        Whole numbers only.
    step : float or None
        Only low, low + step, low + 2 step, ...
    choices : tuple or None
        Instead of a range: these values.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    integer: bool = False
    step: float | None = None
    choices: tuple[Value, ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Parameter:
        if self.choices is not None:
            if not self.choices or self.model_fields_set != {"choices"}:
                raise ValueError("choices are a list with at least one value, without low, high, log, step")
        elif self.low is None or self.high is None:
            raise ValueError("needs low and high, or choices")
        else:
            self._check_range(self.low, self.high)
        return self

    def _check_range(self, low: float, high: float) -> None:
        if low > high:
            raise ValueError(f"low {low:g} exceeds high {high:g}")
        if self.log and low <= 0:
            raise ValueError(f"log needs low > 0, not {low:g}")
        if self.log and self.step is not None:
            raise ValueError("log and step exclude each other")
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step must be more than 0, not {self.step:g}")
        if self.integer and any(x is not None and x != int(x) for x in (low, high, self.step)):
            raise ValueError("integer needs whole numbers as low, high and step")

    def holds(self, value: Any) -> bool:
        """Whether a value may be tried."""
        if self.choices is not None:
            return value in self.choices
        if not isinstance(value, int | float) or self.low is None or self.high is None:
            return False
        if not self.low <= value <= self.high or (self.integer and value != int(value)):
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return abs(steps - round(steps)) < 1e-8

    def __str__(self) -> str:
        if self.choices is not None:
            return "one of " + ", ".join(map(str, self.choices))
        kind = "a whole number " if self.integer else ""
        steps = f" in steps of {self.step:g}" if self.step else ""
        return f"{kind}from {self.low:g} to {self.high:g}{steps}"

    def distribution(self) -> BaseDistribution:
        """The same for Optuna."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices is not None:
            return CategoricalDistribution(self.choices)
        assert self.low is not None
        assert self.high is not None
        if self.integer:
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)


def as_text(value: Value) -> str:
    """A value as it stands in a configuration: numbers with six significant digits."""
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)


def settings(
    network: Network,
    values: Mapping[str, Value],
    zero_initial_weight: Iterable[str] = (),
    initial_range: tuple[float, float] = (1.0, 1.0),
) -> dict[str, str]:
    """The overrides that put values into a network.

    Parameters
    ----------
    network : Network
    values : mapping
        Field (as for `colanet run --set`) to value.
    zero_initial_weight : iterable of str
        Plastic projections, ``R->L``, whose initial weight stays 0: their initial resource becomes
        -w_min (w_max - w_min) / w_max, the inverse of the weight function at 0 (`docs/model.md`, section 7).
    initial_range : (low, high)
        Each of those synapses starts with that resource times a factor drawn evenly from this range.

    Returns
    -------
    dict of str to str

    Raises
    ------
    ConfigError
        If a field does not exist, or the bounds of the weights have no resource of weight 0.
    """
    changes = {path: as_text(value) for path, value in values.items()}
    for name in zero_initial_weight:
        path = f"projection.{name}.initial_resource"
        target = current(network, f"projection.{name}.target")
        low, high = (_number(network, changes, f"population.{target}.{field}") for field in ("w_min", "w_max"))
        if not high > 0:
            raise ConfigError(Problem("zero_initial_weight needs w_max > 0", f"population {target}"))
        middle = -low * (high - low) / high + 0.0
        first, last = (as_text(middle * factor) for factor in initial_range)
        changes[path] = first if first == last else f"{{uniform: [{first}, {last}]}}"
    return changes


def _number(network: Network, changes: Mapping[str, str], path: str) -> float:
    return float(changes[path]) if path in changes else float(current(network, path) or 0.0)
