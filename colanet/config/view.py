"""A network as the rules of `colanet.config.check` see it: objects by name, and what a rule finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from colanet.config.draft import ANY_NAME, Path
from colanet.config.model import ImageInput, Network, PluginInput, Population, Projection, TargetInput, ValuesInput
from colanet.connections import Ends, Shape


@dataclass(frozen=True)
class Finding:
    """Something noticed about the thing at `path`."""

    path: Path
    message: str
    warning: bool = False


def shows_objects(item: Any) -> TypeGuard[ImageInput | ValuesInput | PluginInput]:
    """Whether an input shows objects one after another."""
    return isinstance(item, ImageInput | ValuesInput) or (isinstance(item, PluginInput) and item.period is not None)


@dataclass(frozen=True)
class View:
    """A network with its objects by name; `broken` are names that exist but could not be understood."""

    network: Network
    broken: frozenset[str] = frozenset()
    inputs: dict[str, Any] = field(default_factory=dict)
    populations: dict[str, Population] = field(default_factory=dict)
    incoming: dict[tuple[str, str], list[Projection]] = field(default_factory=dict)

    @classmethod
    def of(cls, network: Network, broken: set[str]) -> View:
        """The view of a network, of which objects of the names `broken` are missing."""
        inputs = {item.name: item for item in network.inputs}
        incoming: dict[tuple[str, str], list[Projection]] = {}
        for projection in network.projections:
            incoming.setdefault((projection.target, projection.kind), []).append(projection)
        return cls(network, frozenset(broken), inputs, {p.name: p for p in network.populations}, incoming)

    def is_broken(self, name: str) -> bool:
        """Whether there may be an object of this name that could not be understood."""
        return name in self.broken or ANY_NAME in self.broken

    def size(self, name: str) -> int | None:
        """Neurons or nodes, if they are known without data."""
        found = self.populations.get(name) or self.inputs.get(name)
        if isinstance(found, ImageInput):
            return found.nodes
        return found.size if found else None

    def columns(self, name: str) -> int | None:
        """Columns; without columns each neuron is its own."""
        population = self.populations.get(name)
        return population.columns if population and population.columns else self.size(name)

    def ends(self, projection: Projection) -> Ends | None:
        """What the rule of a projection goes by; None where a size is not known without data."""
        shapes = []
        for name in (projection.source, projection.target):
            size = self.size(name)
            if not size:
                return None
            population = self.populations.get(name)
            columns = population.columns if population else None
            shapes.append(Shape(size, size // columns if columns else 0))
        fields = projection.probability, projection.max_inputs, projection.source_fraction
        return Ends(shapes[0], shapes[1], *fields)

    def into(self, name: str, kind: str) -> list[Projection]:
        """Projections of a kind that end in a population."""
        return self.incoming.get((name, kind), [])

    def known(self) -> str:
        """The names a user may have meant, the first few of them."""
        names = [*self.inputs, *self.populations]
        return ", ".join([*names[:20], "..."] if len(names) > 20 else names)

    def shown(self) -> list[tuple[int, ImageInput | ValuesInput | PluginInput]]:
        """The inputs that show objects one after another."""
        return [(i, s) for i, s in enumerate(self.network.inputs) if shows_objects(s)]

    def targets(self) -> list[tuple[int, TargetInput]]:
        """The inputs that give labels, with their places."""
        return [(i, s) for i, s in enumerate(self.network.inputs) if isinstance(s, TargetInput)]


Rule = Callable[[View], Iterator[Finding]]
