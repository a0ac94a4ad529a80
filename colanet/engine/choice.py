"""Which engine `auto` takes, and why."""

from __future__ import annotations

from dataclasses import dataclass

from colanet.errors import BackendUnavailable

NETWORKS_PER_CORE = 4
"""Networks a core from which on `auto` prefers a GPU. A guess until docs/gpu.md has measured figures: one network
is slower on a GPU than on a core, a hundred side by side take about as long as one."""


@dataclass(frozen=True)
class Choice:
    """An engine's name and the reason, as the end of a sentence."""

    engine: str
    reason: str


def choose(networks: int, threads: int) -> Choice:
    """The engine for so many networks on so many cores of this machine.

    Parameters
    ----------
    networks : int
        Copies, seeds and settings that run at the same time.
    threads : int
        Cores they may use.
    """
    few = NETWORKS_PER_CORE * threads
    if networks < few:
        # Not worth the seconds of asking for a GPU.
        return Choice(
            "numba", f"{count(networks, 'network')} on {count(threads, 'core')}; a GPU pays from {few} on"
        )
    try:
        from colanet.engine.cuda.backend import import_cupy

        import_cupy()
    except BackendUnavailable as error:
        return Choice("numba", f"compiled kernels for the CPU; {error}")
    return Choice("cupy", f"{count(networks, 'network')} side by side on a GPU")


def count(n: int, what: str) -> str:
    """A number with its noun, in the plural unless it is 1."""
    return f"{n} {what}" + ("" if n == 1 else "s")
