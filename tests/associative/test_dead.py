"""Dead neurons: flat energies, and what can be said in spite of them."""

import numpy as np
import pytest

from colanet.associative import OneGroup, dead_neurons, flat_directions, recover, stability
from colanet.associative import lagrangians as la
from colanet.associative.dead import REST, flat_path, in_flat_set, range_directions
from colanet.associative.errors import ParameterError, SemidefiniteError, ShapeError, SymmetryError

RTOL = 1e-8
CONVEX = [la.ReLU(), la.HardSigmoid(0.5), la.LogSumExp(2.0), la.LogCosh(), la.Norm(), la.Softplus()]


def random_system(rng, lagrangian, n=5, scale=0.6):
    matrix = rng.normal(size=(n, n))
    matrix = scale * (matrix + matrix.T) / np.sqrt(4 * n)
    return OneGroup(matrix, lagrangian, rng.normal(size=n))


def two_rivals():
    """Two ReLU neurons that inhibit each other: one lives, the other is dead."""
    return OneGroup([[0.7, -0.5], [-0.5, 0.7]], la.ReLU(), [1.0, 1.0])


@pytest.mark.parametrize("lagrangian", CONVEX, ids=str)
def test_energy_never_rises_and_its_slope_and_power_are_right(lagrangian):
    rng = np.random.default_rng(20)
    for _ in range(50):
        system = random_system(rng, lagrangian)
        x = rng.normal(size=(3, 5))
        path = system.integrate(x, 4.0, rtol=RTOL)
        assert path.rise <= 100 * RTOL * (1 + np.abs(path.energies).max())
        assert (system.power(x) <= 1e-12).all()
        step = 1e-6 * np.eye(5)
        numeric = (system.energy(x[:, None] + step) - system.energy(x[:, None] - step)) / 2e-6
        assert np.allclose(system.slope(x), numeric, atol=1e-5)
        assert np.allclose((system.slope(x) * system.velocity(x)).sum(-1), system.power(x))


def test_two_groups_are_one_group():
    from colanet.associative import TwoGroups

    rng = np.random.default_rng(21)
    xi, current = rng.normal(size=(3, 4)), rng.normal(size=4)
    pair = TwoGroups(xi, la.ReLU(), la.ReLU(), current=current)
    matrix = np.block([[np.zeros((4, 4)), xi.T], [xi, np.zeros((3, 3))]])
    one = OneGroup(matrix, la.ReLU(), np.concatenate([current, np.zeros(3)]))
    v, h = rng.normal(size=4), rng.normal(size=3)
    x = np.concatenate([v, h])
    assert np.isclose(pair.energy(v, h), one.energy(x))
    assert np.allclose(np.concatenate(pair.velocity(v, h)), one.velocity(x))


@pytest.mark.parametrize(
    ("lagrangian", "x", "dead", "n_flat"),
    [
        (la.ReLU(), [-1.0, 2.0, -0.1], [1, 0, 1], 2),
        (la.HardSigmoid(0.5), [-1.5, 0.0, 1.5], [1, 0, 1], 2),
        (la.LogSumExp(), [0.0, 40.0, 0.0], [1, 1, 1], 3),
        (la.LogSumExp(), [0.0, 1.0, 0.0], [0, 0, 0], 1),
        (la.LogCosh(), [0.0, 1.0, 0.0], [0, 0, 0], 0),
    ],
    ids=str,
)
def test_dead_neurons_and_flat_directions(lagrangian, x, dead, n_flat):
    assert np.array_equal(dead_neurons(lagrangian, x), np.array(dead, bool))
    flat, rest = flat_directions(lagrangian, x), range_directions(lagrangian, x)
    assert flat.shape[1] == n_flat
    assert rest.shape[1] == 3 - n_flat
    assert np.allclose(lagrangian.hessian(np.array(x)) @ flat, 0, atol=1e-9)
    basis = np.hstack([flat, rest])
    assert np.allclose(basis.T @ basis, np.eye(3))


def test_energy_is_constant_on_a_set_that_reaches_to_infinity():
    rng = np.random.default_rng(22)
    for _ in range(100):
        system = random_system(rng, la.ReLU())
        x = rng.normal(size=5)
        x[0] = -1.0
        far = np.repeat(x[None], 50, axis=0)
        far[:, 0] = -np.geomspace(1e-3, 1e9, 50)
        assert np.allclose(system.energy(far), system.energy(x), rtol=1e-12, atol=1e-12)
        softmax = random_system(rng, la.LogSumExp())
        shifted = x + np.linspace(-1e3, 1e3, 9)[:, None]
        assert np.allclose(softmax.energy(shifted), softmax.energy(x), atol=1e-9)


def test_state_is_recovered_from_any_point_of_the_flat_set():
    system = two_rivals()
    steady = system.steady_state([2.0, 0.0])
    assert np.allclose(steady, [10 / 3, 1 - 5 / 3])
    for depth in (-0.01, -1.0, -1e6):
        point = np.array([steady[0], depth])
        assert np.abs(system.slope(point)).max() < 1e-12
        assert np.isclose(system.energy(point), system.energy(steady))
        found = recover(system, point)
        assert found.steady
        assert np.allclose(found.state, steady)


def test_a_flat_set_without_a_steady_state_is_told_apart():
    """All neurons dead, yet the bias lifts them: the energy is stationary, the system is not."""
    system = two_rivals()
    found = recover(system, [-1.0, -1.0])
    assert not found.steady
    assert np.allclose(found.state, [1, 1])
    with pytest.raises(ParameterError, match=r"stationary there, but \|dE/dx\| reaches"):
        recover(system, [1.0, 1.0])


def test_recovery_at_hundreds_of_steady_states():
    rng, dead = np.random.default_rng(23), 0
    for _ in range(200):
        system = random_system(rng, la.ReLU(), scale=0.45)
        steady = system.steady_state(rng.normal(size=5))
        flat = flat_directions(system.L, steady)
        # Every basis vector is a dead neuron, up to sign; go down, away from the border at 0.
        point = steady - np.abs(flat) @ rng.exponential(size=flat.shape[1])
        found = recover(system, point)
        assert found.steady
        assert np.allclose(found.state, steady, atol=1e-7)
        dead += flat.shape[1] > 0
    assert dead > 100


def test_stability_in_the_range_of_the_hessian_is_stability():
    rng, unstable = np.random.default_rng(24), 0
    for trial in range(300):
        lagrangian = (la.ReLU(), la.HardSigmoid(0.5), la.LogSumExp(2.0))[trial % 3]
        matrix = rng.normal(size=(5, 5))
        x = rng.normal(scale=1.5, size=5)
        system = OneGroup(matrix + matrix.T, lagrangian, np.zeros(5))
        system = OneGroup(system.W, lagrangian, x - system.W @ lagrangian.gradient(x))
        assert np.abs(system.velocity(x)).max() < 1e-12
        found = stability(system, x)
        everything = np.linalg.eigvals(system.jacobian(x))
        assert np.abs(everything.imag).max() < 1e-6
        expected = np.sort(np.concatenate([found.eigenvalues, -np.ones(found.n_flat)]))
        assert np.allclose(np.sort(everything.real), expected, atol=1e-6)
        assert found.stable == (everything.real.max() < 0)
        unstable += not found.stable
    assert 50 < unstable < 250


def test_stability_of_the_rivals():
    system = two_rivals()
    winner, saddle = system.steady_state([2.0, 0.0]), np.array([1.25, 1.25])
    assert np.abs(system.velocity(saddle)).max() < 1e-12
    assert stability(system, winner).stable
    assert stability(system, winner).n_flat == 1
    assert not stability(system, saddle).stable
    assert stability(system, saddle).n_flat == 0
    everything_dead = OneGroup(system.W, la.ReLU(), [-1.0, -1.0])
    assert stability(everything_dead, [-1.0, -1.0]).stable


def test_the_whole_flat_set_is_in_the_basin_of_its_steady_state():
    system = two_rivals()
    steady = system.steady_state([2.0, 0.0])
    start = np.array([[steady[0], depth] for depth in (-0.1, -1.0, -50.0)])
    assert in_flat_set(system.L, start, steady).all()
    path = system.integrate(start, 25.0)
    assert np.abs(path.states[-1] - steady).max() < 1e-7
    assert np.allclose(path.states, flat_path(steady, start, path.times), atol=1e-6)
    assert in_flat_set(system.L, path.states, steady, 1e-6).all()


def test_flat_set_touched_at_its_border_is_in_the_basin():
    """The dead neuron of the steady state sits at 0 exactly, on the border of the flat set."""
    system = OneGroup([[0.5, -0.5], [-0.5, 0.5]], la.ReLU(), [1.0, 1.0])
    steady = np.array([2.0, 0.0])
    assert np.abs(system.velocity(steady)).max() == 0
    path = system.integrate([[2.0, -1.0], [2.0, -100.0]], 30.0)
    assert np.abs(path.states[-1] - steady).max() < 1e-7


def test_stability_takes_states_as_steady_as_it_says():
    system = two_rivals()
    steady = system.steady_state([2.0, 0.0])
    allowed = REST * (1 + steady.max())
    down = np.array([0.0, -1.0])
    assert stability(system, steady + 0.9 * allowed * down).stable
    with pytest.raises(ParameterError, match="velocity must vanish"):
        stability(system, steady + 1.1 * allowed * down)
    assert stability(system, steady + 1e-3 * down, rest=1e-2).stable


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (SymmetryError, "W must be symmetric", lambda: OneGroup([[0, 1], [2, 0]], la.ReLU())),
        (SemidefiniteError, "L: the Hessian of GELU", lambda: OneGroup(np.eye(2), la.GELU())),
        (ShapeError, r"b: expected shape \(2,\), got \(3,\)", lambda: OneGroup(np.eye(2), la.ReLU(), [1, 2, 3])),
        (ShapeError, "x: expected a last axis", lambda: two_rivals().integrate([1, 2, 3], 1.0)),
        (ShapeError, "one state", lambda: flat_directions(la.ReLU(), np.ones((2, 2)))),
        (ShapeError, r"b: expected shape \(2,\), got \(1, 2\)", lambda: OneGroup(np.eye(2), la.ReLU(), [[1, 2]])),
        (ShapeError, "x: expected a last axis of 2, got shape \\(3,", lambda: two_rivals().energy([1, 2, 3])),
        (ShapeError, "x: expected a last axis of 2", lambda: two_rivals().velocity([[1, 2, 3]])),
        (ShapeError, "x: expected a last axis of 2", lambda: two_rivals().power(1.0)),
        (ShapeError, r"x: expected shape \(2,\), got \(1, 2\)", lambda: recover(two_rivals(), [[-1, -1]])),
        (ShapeError, r"x: expected shape \(2,\), got \(1, 2\)", lambda: two_rivals().steady_state([[1, 0]])),
        (ShapeError, "one number", lambda: dead_neurons(la.ReLU(), 1.0)),
        (ShapeError, "start: expected a last axis of 2", lambda: flat_path([1, 1], [1, 1, 1], [0.0])),
        (ShapeError, "times: expected shape", lambda: flat_path([1, 1], [1, 1], [[0.0]])),
        (ParameterError, r"velocity must vanish.*\|x'\| reaches 1", lambda: stability(two_rivals(), [0.5, -1.0])),
        (
            ParameterError,
            "no steady state",
            lambda: OneGroup(2 * np.eye(2), la.ReLU(), [1, 1]).steady_state([1, 1]),
        ),
    ],
)
def test_errors_name_the_condition(error, message, call):
    with pytest.raises(error, match=message):
        call()
