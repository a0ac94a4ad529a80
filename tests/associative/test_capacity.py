"""Capacities against theory. Every bound is stated with where it comes from."""

import numpy as np
import pytest

from colanet.associative import lagrangians as la
from colanet.associative.capacity import (
    ERROR_RATE,
    LoadCurve,
    Z,
    _gains,
    asymptotic_capacity,
    error_rate,
    extrapolate,
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
    assert mean_field_overlap(0.137) > 0.967
    assert mean_field_overlap(0.139) == 0


def test_overlap_below_capacity_is_that_of_mean_field_theory():
    """Loads of 0.05 to 0.1, 600 neurons: the overlap agrees to 0.005."""
    curve = hopfield_curve(600, np.array([0.05, 0.08, 0.10]), trials=2, seed=1)
    theory = [mean_field_overlap(load) for load in curve.loads]
    assert np.abs(curve.overlap - theory).max() < 0.005


@pytest.mark.slow
def test_classical_network_forgets_near_0138():
    """A finite network forgets a little above 0.138, by 0.8 / sqrt(d); the bounds are 0.4 and 1.2 / sqrt(d)."""
    curve = hopfield_curve(400, np.array([0.10, 0.138, 0.155, 0.17, 0.185, 0.22]), seed=2)
    assert 0.4 < (curve.critical - 0.138) * np.sqrt(400) < 1.2
    assert curve.retrieved[0] > 0.95
    assert curve.retrieved[-1] < 0.2


@pytest.mark.slow
def test_an_endless_network_forgets_at_0138():
    """100 to 400 neurons by 1 / sqrt(d): within 3 standard errors of 0.138, and 3 of those are below 0.02."""
    curves = {}
    for d, trials in ((100, 16), (200, 10), (400, 6)):
        # Four loads around the place where half of the patterns go; farther off there is nothing to see.
        loads = 0.138 + 0.8 / np.sqrt(d) + np.array([-0.035, -0.01, 0.01, 0.035])
        curves[d] = hopfield_curve(d, loads, trials, seed=d)
    endless, error = extrapolate(curves)
    assert abs(endless - 0.138) < 3 * error < 0.02
    assert curves[100].critical > curves[200].critical > curves[400].critical > 0.15


def test_extrapolation_of_a_line_is_exact():
    """Points on a line give its end with the error of the fit; scatter beyond their errors makes it larger."""

    def curve(critical, error):
        return LoadCurve(*np.empty((3, 0)), critical + np.array([-error, error]))

    sizes = np.array([100, 400, 1600])
    line = {int(d): curve(0.14 + 0.8 / np.sqrt(d), 1e-3) for d in sizes}
    endless, error = extrapolate(line)
    x = 1 / np.sqrt(sizes)
    assert np.isclose(endless, 0.14)
    assert np.isclose(line[100].error, 1e-3)
    assert np.isclose(error, 1e-3 * np.sqrt((x**2).sum() / (3 * (x**2).sum() - x.sum() ** 2)))
    line[400] = curve(0.2, 1e-3)
    assert extrapolate(line)[1] > 5 * error
    with pytest.raises(ParameterError, match="at least three sizes"):
        extrapolate({d: line[d] for d in (100, 400)})
    with pytest.raises(ParameterError, match="at least two networks"):
        extrapolate(line | {100: LoadCurve(*np.empty((3, 0)), np.array([0.2]))})


@pytest.mark.slow
@pytest.mark.parametrize(("n", "sizes"), [(2, (100, 200, 400)), (3, (40, 60, 90)), (4, (24, 36, 54))])
def test_capacity_of_model_a_grows_as_the_power_n_minus_1(n, sizes):
    """Exponent within 0.15 of n - 1, each capacity within 12 % of the normal approximation."""
    measured = np.array([measured_capacity(d, la.Polynomial(n), bits=30000, seed=d) for d in sizes])
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
    assert wrong == int((_gains(patterns, patterns, la.Polynomial(3)) > 0).sum())
    assert abs(error_rate(60, round(asymptotic_capacity(60, 3)), la.Polynomial(3), 100000) - ERROR_RATE) < 0.002


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_theory_and_counts_beyond_the_range_of_floats():
    """Unscaled, h^400 overflows at 6 neurons; the same signs come out of h scaled down."""
    assert np.isclose(theoretical_capacity(12, la.Polynomial(400)), 1 + 2**10 / Z**2, rtol=1e-9)
    assert np.isfinite(error_rate(12, 100, la.Polynomial(400), 2000))
    odd = np.log(np.arange(1, 799, 2)).sum()
    assert np.isclose(np.log(asymptotic_capacity(1000, 400)), 399 * np.log(1000) - odd - 2 * np.log(Z))
    patterns = random_patterns(30, 20, np.random.default_rng(4))
    steep = _gains(patterns, patterns, la.Polynomial(290)) > 0
    assert np.array_equal(steep, _plain_gains(patterns / 20, patterns, la.Polynomial(290)) > 0)


def _plain_gains(patterns, states, F):
    h = patterns @ states.T
    gains = np.empty_like(states)
    for i in range(states.shape[1]):
        turned = h - 2 * np.outer(patterns[:, i], states[:, i])
        gains[:, i] = (F.potential(turned) - F.potential(h)).sum(0)
    return gains


def test_what_would_not_fit_into_memory_is_refused():
    with pytest.raises(ParameterError, match=r"Hopfield's network of 10000000 neurons: needs about .* GiB"):
        hopfield_curve(10**7, [0.1])
    with pytest.raises(ParameterError, match=r"model A with Polynomial\(n=30\), 50 neurons: needs about .* GiB"):
        measured_capacity(50, la.Polynomial(30))


def test_networks_too_small_are_refused():
    with pytest.raises(ParameterError, match="too few"):
        measured_capacity(4, la.Polynomial(2))
