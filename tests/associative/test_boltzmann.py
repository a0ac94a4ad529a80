import numpy as np
import pytest

from colanet.associative import Boltzmann, cooling, hebbian
from colanet.associative.boltzmann import all_states, state_number
from colanet.associative.capacity import random_patterns
from colanet.associative.errors import ParameterError, ShapeError, SymmetryError


def random_machine(size, seed, rule="heat_bath"):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(size, size))
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 0)
    return Boltzmann(matrix, rng.normal(size=size), rule)


def test_cooling_of_the_lecture():
    assert np.allclose(cooling([1, np.e, np.e**3], 2.0), [2.0, 1.0, 0.5])


def test_states_are_numbered_by_their_bits():
    states = all_states(4)
    assert np.array_equal(state_number(states), np.arange(16))
    assert np.array_equal(states[5], [1, -1, 1, -1])


@pytest.mark.parametrize("size", [2, 5, 8, 10])
@pytest.mark.parametrize("rule", ["heat_bath", "metropolis"])
def test_boltzmann_distribution_is_exactly_stationary(size, rule):
    machine = random_machine(size, size, rule)
    for temperature in (0.5, 1.0, 3.0):
        expected = machine.distribution(temperature)
        transitions = machine.transitions(temperature)
        assert np.allclose(transitions.sum(1), 1)
        assert np.allclose(expected @ transitions, expected, rtol=0, atol=1e-14)


def test_the_rule_as_on_the_slide_is_not_boltzmann():
    """One neuron: its two states are visited as 1 / (1 + exp(dE / T)), not as exp(-dE / T)."""
    machine = Boltzmann([[0.0]], [0.5], "lecture")
    values, vectors = np.linalg.eig(machine.transitions(1.0).T)
    visited = vectors[:, np.argmax(values.real)].real
    assert np.isclose(visited[0] / visited[1], 1 / (1 + np.e))
    expected = machine.distribution(1.0)
    assert np.isclose(expected[0] / expected[1], np.exp(-1.0))


@pytest.mark.parametrize(("size", "rule"), [(4, "heat_bath"), (7, "metropolis"), (8, "heat_bath")])
def test_visited_states_follow_the_boltzmann_distribution(size, rule):
    machine, chains = random_machine(size, 10 + size, rule), 20000
    start = random_patterns(chains, size, np.random.default_rng(0))
    sweeps = 100
    mixed = np.full(2**size, 2.0**-size) @ np.linalg.matrix_power(machine.transitions(2.0), sweeps * size)
    assert np.abs(mixed - machine.distribution(2.0)).sum() < 1e-3, "more sweeps are needed"
    states, _ = machine.run(start, np.full(sweeps, 2.0), seed=1)
    expected = machine.distribution(2.0) * chains
    counts = np.bincount(state_number(states), minlength=2**size)
    usual = expected >= 5
    observed = np.append(counts[usual], counts[~usual].sum())
    wanted = np.append(expected[usual], expected[~usual].sum())
    chi2 = ((observed - wanted) ** 2 / np.maximum(wanted, 1e-9))[wanted > 0].sum()
    freedom = usual.sum()
    # Five standard deviations of chi-square: a right sampler fails once in a million seeds, and this is one.
    assert chi2 < freedom + 5 * np.sqrt(2 * freedom)


def test_transitions_are_what_a_step_does():
    machine, chains = random_machine(3, 5), 40000
    for s in range(8):
        y = np.repeat(all_states(3)[s : s + 1], chains, axis=0)
        machine.step(y, 1.0, np.random.default_rng(s))
        share = np.bincount(state_number(y), minlength=8) / chains
        assert np.abs(share - machine.transitions(1.0)[s]).max() < 5 * 0.5 / np.sqrt(chains)


def test_slow_cooling_finds_the_ground_state():
    machine = random_machine(10, 3, "lecture")
    ground = machine.energy(all_states(10)).min()
    start = random_patterns(200, 10, np.random.default_rng(1))
    annealed = machine.run(start, 0.3 * cooling(np.arange(1, 200), 3.0), seed=2)[1][-1]
    quenched = machine.run(start, np.full(199, 1e-6), seed=2)[1][-1]
    at_ground = [(np.abs(e - ground) < 1e-9).mean() for e in (annealed, quenched)]
    assert at_ground[0] > at_ground[1]


def test_same_seed_same_chains():
    machine = Boltzmann(hebbian(random_patterns(3, 20, np.random.default_rng(0))))
    start = random_patterns(5, 20, np.random.default_rng(1))
    first, second = machine.run(start, np.ones(5), seed=7), machine.run(start, np.ones(5), seed=7)
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (SymmetryError, "M must be symmetric", lambda: Boltzmann([[0, 1], [0, 0]])),
        (ShapeError, "bias", lambda: Boltzmann(np.zeros((2, 2)), [1, 2, 3])),
        (ShapeError, r"bias: expected shape \(2,\), got \(1, 2\)", lambda: Boltzmann(np.zeros((2, 2)), [[1, 2]])),
        (ShapeError, "y: expected a last axis of 2", lambda: Boltzmann(np.zeros((2, 2))).energy([1, 1, 1])),
        (
            ShapeError,
            r"start: expected shape \(n_chains, 2\), got \(1, 3, 2\)",
            lambda: Boltzmann(np.zeros((2, 2))).run(np.ones((1, 3, 2)), [1.0]),
        ),
        (
            ShapeError,
            r"temperatures: expected shape \(n_sweeps,\), got \(1, 3\)",
            lambda: Boltzmann(np.zeros((2, 2))).run([[1, 1]], np.ones((1, 3))),
        ),
        (
            ShapeError,
            r"y: expected shape \(n_chains, 2\), got \(2,\)",
            lambda: Boltzmann(np.zeros((2, 2))).step(np.ones(2), 1.0, np.random.default_rng(0)),
        ),
        (ParameterError, "rule", lambda: Boltzmann(np.zeros((2, 2)), rule="hot")),
        (ParameterError, "begins at t = 1", lambda: cooling([0.5])),
        (ParameterError, "T0", lambda: cooling([1], -1)),
        (ParameterError, "temperature", lambda: Boltzmann(np.zeros((2, 2))).run([[1, 1]], [0.0])),
        (ParameterError, "enumerated", lambda: all_states(30)),
    ],
)
def test_errors_name_the_condition(error, message, call):
    with pytest.raises(error, match=message):
        call()
