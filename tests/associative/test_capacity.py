"""Capacities against theory. Every bound is stated with where it comes from."""

import numpy as np
import pytest

from colanet.associative import lagrangians as la
from colanet.associative.capacity import (
    ERROR_RATE,
    asymptotic_capacity,
    error_rate,
    growth,
    hopfield_curve,
    mean_field_capacity,
    mean_field_overlap,
    measured_capacity,
    random_patterns,
    theoretical_capacity,
)
from colanet.associative.errors import ParameterError
from colanet.associative.models import DenseMemory


def test_mean_field_theory_gives_0138():
    assert abs(mean_field_capacity() - 0.138) < 0.0005
    assert mean_field_overlap(0.137) > 0.967 and mean_field_overlap(0.139) == 0


def test_overlap_below_capacity_is_that_of_mean_field_theory():
    """Loads of 0.05 to 0.1, 600 neurons: the overlap agrees to 0.005."""
    curve = hopfield_curve(600, np.array([0.05, 0.08, 0.10]), trials=2, seed=1)
    theory = [mean_field_overlap(load) for load in curve.loads]
    assert np.abs(curve.overlap - theory).max() < 0.005


def test_classical_network_forgets_near_0138():
    """A finite network forgets a little above 0.138, by about 0.8 / sqrt(d); the bound is 1.3 / sqrt(d)."""
    curve = hopfield_curve(800, np.array([0.10, 0.138, 0.155, 0.17, 0.185, 0.22]), seed=2)
    assert 0.138 < curve.critical < 0.138 + 1.3 / np.sqrt(800)
    assert curve.retrieved[0] > 0.95 and curve.retrieved[-1] < 0.2


@pytest.mark.parametrize("n, sizes", [(2, (100, 200, 400)), (3, (40, 60, 90)), (4, (24, 36, 54))])
def test_capacity_of_model_a_grows_as_the_power_n_minus_1(n, sizes):
    """Exponent within 0.15 of n - 1, each capacity within 12 % of the normal approximation."""
    measured = np.array([measured_capacity(d, la.Polynomial(n), bits=60000, seed=d) for d in sizes])
    theory = np.array([theoretical_capacity(d, la.Polynomial(n)) for d in sizes])
    assert abs(growth(sizes, measured) - (n - 1)) < 0.15
    assert np.abs(measured / theory - 1).max() < 0.12


@pytest.mark.parametrize("n", [2, 3, 4])
def test_exact_variance_tends_to_the_double_factorial(n):
    ratio = theoretical_capacity(400, la.Polynomial(n)) / asymptotic_capacity(400, n)
    assert abs(ratio - 1) < 0.02


def test_exponential_interaction_grows_exponentially():
    """By theory, the logarithm of the capacity is linear in d with slope 2 - log cosh 2 for F = exp."""
    sizes = np.array([20, 30, 40, 50])
    logs = np.log([theoretical_capacity(int(d), la.Exponential()) for d in sizes])
    slope = np.polyfit(sizes, logs, 1)[0]
    assert np.isclose(slope, 2 - np.log(np.cosh(2.0)), atol=1e-3)


def test_error_rate_counts_what_the_network_does():
    """Bits turned by one asynchronous look at each neuron, one at a time from the pattern."""
    rng = np.random.default_rng(3)
    patterns = random_patterns(30, 20, rng)
    memory, wrong = DenseMemory(patterns, la.Polynomial(3)), 0
    for i in range(20):
        wrong += int((memory.sweep(patterns, [i])[:, i] != patterns[:, i]).sum())
    from colanet.associative.capacity import _gains

    assert wrong == int((_gains(patterns, patterns, la.Polynomial(3)) > 0).sum())
    assert abs(error_rate(60, round(asymptotic_capacity(60, 3)), la.Polynomial(3), 100000) - ERROR_RATE) < 0.002


def test_networks_too_small_are_refused():
    with pytest.raises(ParameterError, match="too few"):
        measured_capacity(4, la.Polynomial(2))
