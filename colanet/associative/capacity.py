"""How many random patterns a memory holds, measured and by theory.

Hopfield's network forgets all patterns at once when there are more than 0.138 d of them (Amit, Gutfreund and
Sompolinsky 1985). In model A with F = h^n the crosstalk of K patterns on one neuron is nearly normal, so a
stored bit is unstable with probability

    p = Q(signal / noise),  signal = F(d) - F(d - 2),  noise^2 = (K - 1) Var,
    Var = E[(F(a + 1) - F(a - 1))^2],  a = the sum of d - 1 random signs,

which for large d gives K = d^(n-1) / (z^2 (2n-3)!!) at p = Q(z) (Krotov and Hopfield 2016).
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from math import comb, erf, exp, log, pi, sqrt

import numpy as np

from colanet.associative import scaled
from colanet.associative.base import Additive
from colanet.associative.checks import Array
from colanet.associative.errors import ParameterError
from colanet.associative.hopfield import Hopfield, hebbian

ERROR_RATE = 0.005
Z = 2.5758293035489004  # Q(Z) = ERROR_RATE
RETRIEVED = 0.9


def random_patterns(count: int, size: int, rng: np.random.Generator) -> Array:
    """Independent signs, shape (count, size)."""
    return 2.0 * rng.integers(2, size=(count, size)) - 1.0


def memory_limit() -> int:
    """Bytes that one computation may take: half of this machine's memory, or 4 GiB where that is not known."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return 4 * 2**30


@dataclass(frozen=True)
class LoadCurve:
    """Retrieval of a Hopfield network over its load.

    Attributes
    ----------
    loads : ndarray of shape (n_loads,)
        Patterns per neuron, as stored (whole numbers of patterns).
    retrieved : ndarray of shape (n_loads,)
        Part of the patterns that keep an overlap above 0.9 when the network starts in them.
    overlap : ndarray of shape (n_loads,)
        Mean overlap.
    criticals : ndarray of shape (n_trials,)
        For each series of networks the load at which it retrieves half of its patterns, by linear interpolation.
    """

    loads: Array
    retrieved: Array
    overlap: Array
    criticals: Array

    @property
    def critical(self) -> float:
        """The mean of `criticals`."""
        return float(self.criticals.mean())

    @property
    def error(self) -> float:
        """Standard error of `critical`, between the trials; nan if there is one only."""
        n = len(self.criticals)
        return float(self.criticals.std(ddof=1) / sqrt(n)) if n > 1 else float("nan")


def hopfield_curve(size: int, loads: Array, trials: int = 1, seed: int = 0) -> LoadCurve:
    """Store random patterns, start in each of them, and see which stay; `trials` networks for each load.

    ParameterError if the largest network would not fit into memory.
    """
    counts = [max(round(load * size), 1) for load in np.asarray(loads)]
    need_memory(f"Hopfield's network of {size} neurons", hopfield_memory(size, max(counts) / size))
    rng = np.random.default_rng(seed)
    kept, overlap = np.empty((trials, len(counts))), np.empty((trials, len(counts)))
    for trial, (k, count) in itertools.product(range(trials), enumerate(counts)):
        overlaps = _overlaps(count, size, rng)
        kept[trial, k], overlap[trial, k] = (overlaps > RETRIEVED).mean(), overlaps.mean()
    measured = np.array(counts) / size
    criticals = np.array([_crossing(measured, curve, 0.5) for curve in kept])
    return LoadCurve(measured, kept.mean(0), overlap.mean(0), criticals)


def extrapolate(curves: dict[int, LoadCurve]) -> tuple[float, float]:
    """The critical load of an endless network, and its standard error.

    A line through `critical` over 1 / sqrt(d), weighted by the errors; the error grows where the points scatter
    about the line by more than theirs. It does not count that the power -1/2 is an assumption: 250 to 1000 neurons
    fit powers from -1/3 to -2/3, whose ends differ by 0.025.

    Parameters
    ----------
    curves : number of neurons -> curve
        At least three, each of at least two trials; ParameterError otherwise.
    """
    if len(curves) < 3 or min(len(curve.criticals) for curve in curves.values()) < 2:
        raise ParameterError("extrapolation needs at least three sizes with at least two networks per load each")
    x = np.array([1 / sqrt(size) for size in curves])
    y = np.array([curve.critical for curve in curves.values()])
    # Trials that agree by chance must not rule alone.
    errors = np.maximum([curve.error for curve in curves.values()], 5e-4)
    line, covariance = np.polyfit(x, y, 1, w=1 / errors, cov="unscaled")
    chi2 = (((y - np.polyval(line, x)) / errors) ** 2).sum() / (len(x) - 2)
    return float(line[1]), float(sqrt(covariance[1, 1] * max(chi2, 1.0)))


def need_memory(what: str, n_bytes: float) -> None:
    """Refuse what would not fit: ParameterError that names both sizes."""
    limit = memory_limit()
    if not n_bytes <= limit:
        raise ParameterError(
            f"{what}: needs about {n_bytes / 2**30:.3g} GiB of memory, more than {limit / 2**30:.3g} GiB, half of "
            "what this machine has"
        )


def _overlaps(count: int, size: int, rng: np.random.Generator) -> Array:
    patterns = random_patterns(count, size, rng)
    answer = Hopfield(hebbian(patterns)).retrieve(patterns, seed=int(rng.integers(2**31)))
    overlaps: Array = (answer.states * patterns).mean(1)
    return overlaps


def mean_field_overlap(load: float) -> float:
    """Overlap of the retrieved state of an infinite Hopfield network at temperature 0; 0 beyond its capacity.

    Amit, Gutfreund and Sompolinsky (1985): m = erf(y) with y (sqrt(2 load) + 2 exp(-y^2) / sqrt(pi)) = erf(y).
    """
    y, loads = _mean_field()
    top = int(loads.argmax())
    if load > loads[top]:
        return 0.0
    return erf(float(np.interp(load, loads[top:][::-1], y[top:][::-1])))


def mean_field_capacity() -> float:
    """The largest load with a retrieved state: 0.138."""
    return float(_mean_field()[1].max())


def _mean_field() -> tuple[Array, Array]:
    y = np.linspace(0.5, 8.0, 20001)
    root = [erf(v) / v - 2 * exp(-v * v) / sqrt(pi) for v in y]
    return y, 0.5 * np.maximum(root, 0.0) ** 2


def error_rate(size: int, count: int, F: Additive, bits: int = 20000, seed: int = 0) -> float:
    """Part of the stored bits that model A turns when it starts in a stored pattern.

    Parameters
    ----------
    size, count : int
        Neurons d and patterns K.
    F : Additive
        The interaction.
    bits : int
        Bits to look at; one set of patterns gives up to count * size of them.
    """
    rng, wrong, seen = np.random.default_rng(seed), 0, 0
    while seen < bits:
        patterns = random_patterns(count, size, rng)
        # A few patterns of each set are looked at, so that the bits are nearly independent.
        looked = patterns[: max(1, bits // (10 * size))]
        wrong += int((_gains(patterns, looked, F) > 0).sum())
        seen += looked.size
    return wrong / seen


def _gains(patterns: Array, states: Array, F: Additive) -> Array:
    """sum_mu F(xi_mu . s') - F(xi_mu . s) for s' = s with one neuron turned, shape of `states`.

    Turning neuron i takes h to h - 2 xi_i s_i, and xi_i s_i is a sign: the difference is even + sign * odd.
    """
    h = states @ patterns.T
    # Only the sign is wanted, so each state may have its own unit, and F may leave the range of floats.
    values, _ = scaled.align(F.potential_parts(np.concatenate([h + 2, h - 2, h], axis=-1)), F)
    up, down, here = np.split(values, 3, axis=-1)
    even = (0.5 * (up + down) - here).sum(-1)
    change: Array = even[:, None] + states * (0.5 * (down - up) @ patterns)
    return change


def theoretical_capacity(size: int, F: Additive) -> float:
    """K at which a stored bit is unstable with probability 0.5 %; Var is exact for random signs."""
    k = np.arange(size)
    weights = np.array([comb(size - 1, int(i)) for i in k], dtype=object)
    chance = np.array([float(w / 2 ** (size - 1)) for w in weights])
    a = 2.0 * k - (size - 1)
    # The ratio of signal and noise has no unit.
    values, _ = scaled.align(F.potential_parts(np.concatenate([a + 1, a - 1, [size, size - 2.0]])), F)
    variance = float(chance @ (values[:size] - values[size:-2]) ** 2)
    signal = float(values[-2] - values[-1])
    return 1.0 + (signal / Z) ** 2 / variance if variance else float("inf")


def asymptotic_capacity(size: int, n: int) -> float:
    """d^(n-1) / (z^2 (2n-3)!!) for F = h^n."""
    return exp((n - 1) * log(size) - sum(log(k) for k in range(1, 2 * n - 2, 2))) / Z**2


def measured_capacity(size: int, F: Additive, bits: int = 20000, seed: int = 0) -> float:
    """K at which the measured error rate crosses 0.5 %, interpolated over seven counts around the theory.

    ParameterError if so many patterns would not fit into memory.
    """
    need_memory(f"model A with {F}, {size} neurons", measuring_memory(size, F, bits))
    theory = theoretical_capacity(size, F)
    counts = np.unique(np.round(theory * np.geomspace(0.6, 1.7, 7)).astype(int))
    if counts[0] < 2:
        raise ParameterError(f"capacity: {size} neurons are too few for {F}")
    rates = [error_rate(size, int(c), F, bits, seed + i) for i, c in enumerate(counts)]
    return float(np.exp(_crossing(np.log(counts), -np.sqrt(rates), -np.sqrt(ERROR_RATE))))


def hopfield_memory(size: int, load: float) -> float:
    """Bytes that a network, the checks of its matrix and its batch of states take."""
    return 8.0 * float(min(size, 10**100)) ** 2 * (6.0 + 5.0 * load)


def measuring_memory(size: int, F: Additive, bits: int) -> float:
    """Bytes that `measured_capacity` takes: the patterns, their fields and what F makes of them."""
    count = 1.7 * theoretical_capacity(size, F)
    looked = min(count, max(1.0, bits / (10 * size)))
    return 8.0 * count * (3.0 * size + 20.0 * looked)


def growth(sizes: Array, capacities: Array) -> float:
    """The exponent k of capacity ~ d^k, by least squares on logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(capacities), 1)[0])


def _crossing(x: Array, falling: Array, level: float) -> float:
    """Where a curve that falls first goes below `level`; an end of the range if it never does."""
    below = np.nonzero(falling < level)[0]
    if not below.size:
        return float(x[-1])
    i = int(below[0])
    if i == 0:
        return float(x[0])
    part = (falling[i - 1] - level) / (falling[i - 1] - falling[i])
    return float(x[i - 1] + part * (x[i] - x[i - 1]))
