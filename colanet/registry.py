"""Registries: things of one kind by name, built in, registered by a call, or brought by an installed package.

A package adds one by an entry point of the registry's group; nothing is loaded before it is asked for::

    [project.entry-points."colanet.datasets"]
    leaves = "my_package:leaves"
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from colanet.errors import ColanetError, ConfigError, first_line

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind by name.

    Parameters
    ----------
    kind : str
        For messages, for example ``data set``.
    group : str
        Of the entry points that add to it, for example ``colanet.datasets``.
    built_in : mapping of str to str
        Where our own are, as ``module:attribute``; loaded when they are asked for.
    check : callable or None
        Says what is wrong with a thing, or returns None.
    error : type of ColanetError
        What is raised for a name that is not there.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        built_in: Mapping[str, str],
        *,
        check: Callable[[Any], str | None] | None = None,
        error: type[ColanetError] = ConfigError,
    ) -> None:
        self.kind, self.group, self.error = kind, group, error
        self._built_in = dict(built_in)
        self._check = check
        self._registered: dict[str, T] = {}

    def register(self, name: str, thing: T, *, replace: bool = False) -> T:
        """Add a thing for this process; it takes the place of one from an entry point.

        Raises
        ------
        ConfigError
            If the name is one of ours, or registered already and `replace` is not given, or the thing is not fit.
        """
        if name in self._built_in or (name in self._registered and not replace):
            raise ConfigError(f"{self.kind} {name}: exists already")
        self._registered[name] = self._checked(name, thing)
        return thing

    def unregister(self, name: str) -> None:
        """Take away what `register` added; nothing happens if there is none."""
        self._registered.pop(name, None)

    def names(self) -> tuple[str, ...]:
        """All names: ours first, then the others in alphabetical order."""
        others = {*self._registered, *self._found()} - self._built_in.keys()
        return (*self._built_in, *sorted(others))

    def __contains__(self, name: object) -> bool:
        return name in self._built_in or name in self._registered or name in self._found()

    def is_built_in(self, name: str) -> bool:
        """Whether a thing is ours, so that what it does is held by our own tests."""
        return name in self._built_in

    def get(self, name: str) -> T:
        """The thing of that name.

        Raises
        ------
        ColanetError
            Of the registry's type: if there is none of that name, or the package that has it cannot be imported.
        """
        if name in self._built_in:
            module, _, attribute = self._built_in[name].partition(":")
            thing: T = getattr(importlib.import_module(module), attribute)
            return thing
        if name in self._registered:
            return self._registered[name]
        found = self._found().get(name)
        if found is None:
            raise self.error(f"unknown {self.kind} {name}; known: {', '.join(self.names())}")
        return self._checked(name, self._load(found))

    def _found(self) -> dict[str, EntryPoint]:
        """Entry points by name; of two of one name the first on the path."""
        result: dict[str, EntryPoint] = {}
        for point in entry_points(group=self.group):
            result.setdefault(point.name, point)
        return result

    def _load(self, point: EntryPoint) -> Any:
        try:
            return point.load()
        except Exception as error:  # whatever another package raises
            message = f"{self.kind} {point.name}: {point.value} cannot be loaded: {first_line(error)}"
            raise self.error(message) from error

    def _checked(self, name: str, thing: Any) -> T:
        wrong = self._check(thing) if self._check else None
        if wrong:
            raise self.error(f"{self.kind} {name}: {wrong}")
        fit: T = thing
        return fit
