"""How many random patterns a memory holds, measured and by theory.

Hopfield's network forgets all patterns at once when there are more than 0.138 d of them (Amit, Gutfreund and
Sompolinsky 1985). In model A with F = h^n the crosstalk of K patterns on one neuron is nearly normal, so a
stored bit is unstable with probability

    p = Q(signal / noise),  signal = F(d) - F(d - 2),  noise^2 = (K - 1) Var,
    Var = E[(F(a + 1) - F(a - 1))^2],  a = the sum of d - 1 random signs,

which for large d gives K = d^(n-1) / (z^2 (2n-3)!!) at p = Q(z) (Krotov and Hopfield 2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, erf, exp, pi, prod, sqrt

import numpy as np

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
    """

    loads: Array
    retrieved: Array
    overlap: Array

    @property
    def critical(self) -> float:
        """The load at which half of the patterns are retrieved, by linear interpolation."""
        return _crossing(self.loads, self.retrieved, 0.5)


def hopfield_curve(size: int, loads: Array, trials: int = 1, seed: int = 0) -> LoadCurve:
    """Store random patterns, start in each of them, and see which stay."""
    rng = np.random.default_rng(seed)
    rows = []
    for load in loads:
        count = max(round(load * size), 1)
        overlaps = np.concatenate([_overlaps(count, size, rng) for _ in range(trials)])
        rows.append((count / size, (overlaps > RETRIEVED).mean(), overlaps.mean()))
    return LoadCurve(*np.array(rows).T)


def _overlaps(count: int, size: int, rng: np.random.Generator) -> Array:
    patterns = random_patterns(count, size, rng)
    answer = Hopfield(hebbian(patterns)).retrieve(patterns, seed=int(rng.integers(2**31)))
    return (answer.states * patterns).mean(1)


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
    h = patterns @ states.T
    up, down = F.potential(h + 2), F.potential(h - 2)
    even = (0.5 * (up + down) - F.potential(h)).sum(0)
    return even[:, None] + states * (0.5 * (down - up).T @ patterns)


def crosstalk_variance(size: int, F: Additive) -> float:
    """Var of one foreign pattern's pull on one neuron, exact for random signs."""
    k = np.arange(size)
    weights = np.array([comb(size - 1, int(i)) for i in k], dtype=object)
    chance = np.array([float(w / 2 ** (size - 1)) for w in weights])
    a = (2.0 * k - (size - 1))[:, None]
    return float(chance @ (F.value(a + 1) - F.value(a - 1)) ** 2)


def theoretical_capacity(size: int, F: Additive) -> float:
    """K at which a stored bit is unstable with probability 0.5 %."""
    ends = F.value(np.array([[float(size)], [size - 2.0]]))
    signal = float(ends[0] - ends[1])
    return 1.0 + (signal / Z) ** 2 / crosstalk_variance(size, F)


def asymptotic_capacity(size: int, n: int) -> float:
    """d^(n-1) / (z^2 (2n-3)!!) for F = h^n."""
    return size ** (n - 1) / (Z**2 * prod(range(1, 2 * n - 2, 2)))


def measured_capacity(size: int, F: Additive, bits: int = 20000, seed: int = 0) -> float:
    """K at which the measured error rate crosses 0.5 %, interpolated over seven counts around the theory."""
    theory = theoretical_capacity(size, F)
    counts = np.unique(np.round(theory * np.geomspace(0.6, 1.7, 7)).astype(int))
    if counts[0] < 2:
        raise ParameterError(f"capacity: {size} neurons are too few for {F}")
    rates = [error_rate(size, int(c), F, bits, seed + i) for i, c in enumerate(counts)]
    return float(np.exp(_crossing(np.log(counts), -np.sqrt(rates), -np.sqrt(ERROR_RATE))))


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
