"""Interactions that leave the range of floats: updates stay right, energies are never silently infinite."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from colanet.associative import DenseMemory, ModernMemory, SphericalMemory, model_a, scaled
from colanet.associative import lagrangians as la
from colanet.associative.base import Additive
from colanet.associative.capacity import random_patterns
from colanet.associative.errors import RangeError

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")
STEEP = [la.Exponential(), la.Polynomial(150), la.Polynomial(151), la.RectifiedPolynomial(150)]


def spoilt(count, size, seed, part=0.1):
    rng = np.random.default_rng(seed)
    patterns = random_patterns(count, size, rng)
    return patterns, patterns * np.where(rng.random(patterns.shape) < part, -1, 1)


@pytest.mark.parametrize("interaction", STEEP, ids=str)
@pytest.mark.parametrize("order", ["asynchronous", "parallel"])
def test_model_a_retrieves_beyond_the_range_of_floats(interaction, order):
    if order == "parallel" and not interaction.convex:
        pytest.skip("refused: not convex")
    patterns, noisy = spoilt(40, 1500, 1)
    memory = DenseMemory(patterns, interaction)
    answer = memory.retrieve(noisy, order)
    assert answer.converged.all()
    assert np.array_equal(answer.states, patterns)
    assert np.isfinite(answer.energies).all()
    assert answer.rise == 0
    assert answer.exponent > 1023
    assert 0.25 <= np.abs(answer.energies).max() < 1
    with pytest.raises(RangeError, match=r"energy with .* is beyond the range of floats, about 2\^\d+"):
        memory.energy(patterns)


@pytest.mark.parametrize("interaction", STEEP[:1] + STEEP[3:], ids=str)
def test_model_c_retrieves_beyond_the_range_of_floats(interaction):
    patterns, noisy = spoilt(40, 1500, 2)
    memory = SphericalMemory(40 * patterns, interaction)
    answer = memory.retrieve(noisy)
    assert answer.converged.all()
    assert np.allclose(answer.states * np.sqrt(1500), patterns)
    assert np.isfinite(answer.energies).all()
    assert answer.rise == 0
    assert answer.exponent > 1023
    with pytest.raises(RangeError, match="beyond the range of floats"):
        memory.energy(patterns)


def test_energies_are_those_of_whole_numbers():
    """h^150 over 1500 neurons as Python's exact integers."""
    patterns, noisy = spoilt(5, 1500, 3)
    value, power = DenseMemory(patterns, la.Polynomial(150)).scaled_energy(noisy)
    for row, state in enumerate(noisy.astype(int)):
        exact = -sum(int(h) ** 150 for h in patterns.astype(int) @ state)
        assert math.isclose(math.log(-exact), math.log(-value[row]) + power[row] * math.log(2), rel_tol=1e-13)


def test_log_of_the_energy_of_the_exponential_interaction():
    patterns, noisy = spoilt(5, 900, 4)
    value, power = DenseMemory(patterns, la.Exponential()).scaled_energy(noisy)
    expected = la.LogSumExp().value(noisy @ patterns.T)
    assert np.allclose(np.log(-value) + power * np.log(2), expected, rtol=1e-13)


@pytest.mark.parametrize("interaction", [*STEEP, la.Quadratic(), la.Polynomial(3), la.ReLU()], ids=str)
def test_in_range_nothing_changes(interaction):
    """Energies and steps as computed without care, where that is possible."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        patterns = random_patterns(7, 60, rng)
        s, memory = random_patterns(4, 60, rng), DenseMemory(patterns, interaction)
        h = s @ patterns.T
        assert np.allclose(memory.energy(s), -interaction.value(h), rtol=1e-12)
        pull = interaction.gradient(h) @ patterns
        clear = np.abs(pull) > 1e-9 * np.abs(interaction.gradient(h)).sum(-1, keepdims=True)
        assert np.array_equal(memory.parallel_step(s)[clear], np.sign(pull)[clear])
        order = rng.permutation(60)
        assert np.array_equal(memory.sweep(s, order), plain_sweep(interaction, patterns, s, order))


def plain_sweep(F, patterns, s, order):
    s = s.copy()
    for row in s:
        for i in order:
            turned = row.copy()
            turned[i] *= -1
            if F.value(patterns @ turned) > F.value(patterns @ row):
                row[i] *= -1
    return s


def test_a_retrieval_in_range_has_exponent_0():
    patterns, noisy = spoilt(5, 300, 6)
    memory = DenseMemory(patterns, la.Exponential())
    answer = memory.retrieve(noisy)
    assert answer.exponent == 0
    assert np.array_equal(answer.energies[-1], memory.energy(patterns))


@pytest.mark.parametrize("n", [2, 3, 100, 1999, 2000])
def test_monomials(n):
    x = np.array([-3.0, -0.5, 0.0, 1e-3, 1.0, 1.5, 784.0])
    value, power = scaled.monomial(x, n)
    expected = n * np.log2(np.abs(x), where=x != 0, out=np.full_like(x, -np.inf))
    with np.errstate(divide="ignore"):
        assert np.allclose(np.log2(np.abs(value)) + power, expected, rtol=1e-12)
    assert np.array_equal(np.sign(value), np.sign(x) ** n)


@dataclass(frozen=True)
class Naive(Additive):
    """A user's own interaction, which knows nothing of ranges."""

    convex = True

    def potential(self, x):
        return np.exp(x)

    gradient = curvature = potential


def test_interactions_that_overflow_by_themselves_are_refused():
    patterns, noisy = spoilt(3, 800, 7)
    for order in ("asynchronous", "parallel"):
        with pytest.raises(RangeError, match=r"Naive\(\): its values are not finite"):
            DenseMemory(patterns, Naive()).retrieve(noisy, order)
    memory = DenseMemory(patterns[:, :500], Naive())
    assert np.array_equal(memory.retrieve(noisy[:, :500]).states, patterns[:, :500])


def test_energies_of_the_other_systems_are_never_silently_infinite():
    with pytest.raises(RangeError, match="the energy of model B"):
        ModernMemory(np.eye(2)).retrieve([1e200, 0.0])
    system = model_a(np.ones((1, 900)), la.Exponential())
    with pytest.raises(RangeError, match="velocity at the start"):
        system.integrate_reduced(np.ones(900), 1.0)
