"""Names of projections: unique, and different from the names of populations."""

from __future__ import annotations

from colanet.config.model import Network


def projection_names(network: Network) -> list[str]:
    """`source->target` of every projection; a repeated one is called `source->target#2`, `#3`, ...

    A name with a number is left out where a projection has it as its plain name: a population may be called `L#2`.
    """
    plain = [f"{p.source}->{p.target}" for p in network.projections]
    taken = set(plain)
    seen: set[str] = set()
    names = []
    for name in plain:
        unique, number = name, 2
        if name in seen:
            while (unique := f"{name}#{number}") in taken:
                number += 1
            taken.add(unique)
        seen.add(name)
        names.append(unique)
    return names
