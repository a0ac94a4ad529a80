from math import erfc, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colanet.associative import Hopfield, hebbian, pseudo_inverse
from colanet.associative.capacity import random_patterns
from colanet.associative.errors import ParameterError, PatternError, ShapeError, SymmetryError


def test_hebbian_matrix_of_two_patterns_by_hand():
    patterns = [[1, 1, -1], [1, -1, -1]]
    assert np.array_equal(hebbian(patterns), [[0, 0, -1], [0, 0, 0], [-1, 0, 0]])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(2, 25))
def test_energy_never_rises_asynchronously(seed, count, size):
    rng = np.random.default_rng(seed)
    network = Hopfield(hebbian(random_patterns(count, size, rng)))
    y = random_patterns(4, size, rng)
    for i in rng.permutation(size):
        turned = network.sweep(y, [i])
        assert (network.energy(turned) <= network.energy(y) + 1e-12 * size).all()
        fields = y @ network.matrix[i]
        assert np.array_equal(turned[:, i], np.where(np.abs(fields) < 1e-12, turned[:, i], np.sign(fields)))
        y = turned
    answer = network.retrieve(y, seed=seed % 1000)
    assert answer.converged.all()
    assert answer.rise <= 1e-12 * size
    assert np.array_equal(network.sweep(answer.states, range(size)), answer.states)


def test_random_symmetric_couplings_too():
    rng = np.random.default_rng(0)
    for _ in range(100):
        matrix = rng.normal(size=(15, 15))
        matrix = matrix + matrix.T
        np.fill_diagonal(matrix, 0)
        answer = Hopfield(matrix).retrieve(random_patterns(5, 15, rng), seed=1)
        assert answer.converged.all()
        assert answer.rise == 0


@pytest.mark.parametrize("order", ["asynchronous", "parallel"])
def test_stored_patterns_are_fixed_points_at_low_load(order):
    """A bit is unstable with probability Q(1 / sqrt(load)): at load 0.02, 1e-12, or 1e-7 in all of these bits."""
    for seed in range(20):
        patterns = random_patterns(8, 400, np.random.default_rng(seed))
        answer = Hopfield(hebbian(patterns)).retrieve(patterns, order)
        assert np.array_equal(answer.states, patterns)
        assert answer.steps == 1
        assert answer.rise == 0


@pytest.mark.parametrize("count", [60, 80, 100, 140])
def test_unstable_bits_are_as_many_as_the_theory_says(count):
    """Crosstalk on a bit is a sum of (N - 1)(d - 1) signs over N d: 1/2 erfc(d / sqrt(2 (N - 1)(d - 1)))."""
    size, networks = 400, 40
    shares = []
    for seed in range(networks):
        patterns = random_patterns(count, size, np.random.default_rng(1000 * count + seed))
        shares.append((Hopfield(hebbian(patterns)).parallel_step(patterns) != patterns).mean())
    theory = theoretical_instability(size, count)
    # Between networks the share scatters: four standard errors, and 1 % for taking a sum of signs as normal.
    allowed = 4 * np.std(shares, ddof=1) / np.sqrt(networks) + 0.01 * theory
    assert abs(np.mean(shares) - theory) < allowed < 0.15 * theory


def theoretical_instability(size, count):
    """The bit turns if the crosstalk, in steps of 2, reaches beyond -(d - 1): the border lies half a step on."""
    return 0.5 * erfc(size / sqrt(2 * (count - 1) * (size - 1)))


def test_noisy_patterns_are_cleaned():
    rng = np.random.default_rng(2)
    patterns = random_patterns(15, 300, rng)
    noisy = patterns * np.where(rng.random(patterns.shape) < 0.15, -1, 1)
    answer = Hopfield(hebbian(patterns)).retrieve(noisy, seed=3)
    assert ((answer.states * patterns).mean(1) > 0.99).all()


def test_pseudo_inverse_holds_correlated_patterns_that_hebbian_loses():
    rng = np.random.default_rng(4)
    base = random_patterns(1, 200, rng)
    patterns = base * np.where(rng.random((60, 200)) < 0.15, -1, 1)
    assert np.array_equal(Hopfield(pseudo_inverse(patterns)).parallel_step(patterns), patterns)
    assert not np.array_equal(Hopfield(hebbian(patterns)).parallel_step(patterns), patterns)


def test_parallel_updates_may_end_in_a_cycle_of_two():
    network = Hopfield([[0.0, -1.0], [-1.0, 0.0]])
    answer = network.retrieve([1, 1], "parallel", max_steps=10)
    assert not answer.converged
    assert answer.steps == 10
    assert network.retrieve([1, 1], "asynchronous").converged


def test_batches_and_single_states_agree():
    rng = np.random.default_rng(5)
    network = Hopfield(hebbian(random_patterns(5, 40, rng)))
    batch = random_patterns(6, 40, rng).reshape(2, 3, 40)
    together = network.retrieve(batch, seed=6)
    assert together.states.shape == (2, 3, 40)
    assert together.energies.shape[1:] == (2, 3)
    order = rng.permutation(40)
    assert np.array_equal(network.sweep(batch, order)[1, 2], network.sweep(batch[1, 2], order))


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (SymmetryError, r"M must be symmetric: M\[0,1\] = 1, M\[1,0\] = 2", lambda: Hopfield([[0, 1], [2, 0]])),
        (SymmetryError, "no self-coupling: its diagonal reaches 3", lambda: Hopfield([[3, 1], [1, 0]])),
        (ShapeError, "square matrix", lambda: Hopfield([[0, 1, 2], [1, 0, 2]])),
        (ShapeError, "not finite", lambda: Hopfield([[0, np.nan], [np.nan, 0]])),
        (PatternError, "-1 and \\+1 only, found 0.5", lambda: hebbian([[1, 0.5]])),
        (ShapeError, "n_memories, n_features", lambda: hebbian([1, -1])),
        (ShapeError, "real numbers", lambda: hebbian([["a", "b"]])),
        (ShapeError, "last axis of 2", lambda: Hopfield(np.zeros((2, 2))).retrieve([1, 1, 1])),
        (PatternError, "start", lambda: Hopfield(np.zeros((2, 2))).retrieve([1, 0])),
        (ShapeError, "y: expected a last axis of 2", lambda: Hopfield(np.zeros((2, 2))).energy([1, 1, 1])),
        (ShapeError, "y: expected a last axis of 2", lambda: Hopfield(np.zeros((2, 2))).parallel_step([1])),
        (ShapeError, "y: expected a last axis of 2", lambda: Hopfield(np.zeros((2, 2))).sweep([[1]], [0])),
        (PatternError, "y: expected -1 and", lambda: Hopfield(np.zeros((2, 2))).sweep([1, 0], [0])),
        (ShapeError, "neurons from 0 to 1, got 0 to 2", lambda: Hopfield(np.zeros((2, 2))).sweep([1, 1], [0, 2])),
        (ShapeError, "order: expected neurons from", lambda: Hopfield(np.zeros((2, 2))).sweep([1, 1], [-1])),
        (ShapeError, "order: .* whole numbers", lambda: Hopfield(np.zeros((2, 2))).sweep([1, 1], [0.5])),
        (ShapeError, "order: .* one row", lambda: Hopfield(np.zeros((2, 2))).sweep([1, 1], [[0, 1]])),
        (ParameterError, "order", lambda: Hopfield(np.zeros((2, 2))).retrieve([1, 1], "backwards")),
        (ParameterError, "max_steps", lambda: Hopfield(np.zeros((2, 2))).retrieve([1, 1], max_steps=0)),
    ],
)
def test_errors_name_the_condition(error, message, call):
    with pytest.raises(error, match=message):
        call()
