"""The altered system: the same steady states, and energies that fall for every kind of W and L."""

import numpy as np
import pytest

from colanet.associative import Altered, OneGroup, symmetrizer
from colanet.associative import lagrangians as la
from colanet.associative.errors import (
    AdditiveError,
    ParameterError,
    RangeError,
    SemidefiniteError,
    ShapeError,
    SymmetryError,
)

RTOL = 1e-8
LAGRANGIANS = [
    la.ReLU(),
    la.GELU(),
    la.LogSumExp(2.0),
    la.HardSigmoid(0.5),
    la.LogCosh(),
    la.Norm(),
    la.Polynomial(3),
]
ADDITIVE = [la.ReLU(), la.GELU(), la.HardSigmoid(0.5), la.LogCosh()]


def semidefinite(rng, n, rank, size=0.8):
    root = rng.normal(size=(n, rank))
    matrix = root @ root.T
    return size * matrix / np.linalg.eigvalsh(matrix)[-1]


def falls(system, start, duration=4.0):
    path = system.integrate(start, duration, rtol=RTOL)
    assert path.rise <= 100 * RTOL * (1 + np.abs(path.energies).max())
    assert (system.power(start) <= 1e-12).all()
    step = 1e-6 * np.eye(start.shape[-1])
    numeric = (system.energy(start[:, None] + step) - system.energy(start[:, None] - step)) / 2e-6
    assert np.allclose(system.slope(start), numeric, atol=1e-5)
    assert np.allclose((system.slope(start) * system.velocity(start)).sum(-1), system.power(start))


@pytest.mark.parametrize("lagrangian", LAGRANGIANS, ids=str)
def test_energy_falls_for_symmetric_weights(lagrangian):
    rng = np.random.default_rng(30)
    scale = 0.1 if isinstance(lagrangian, la.Polynomial) else 0.8
    for _ in range(50):
        n = rng.integers(2, 7)
        matrix = semidefinite(rng, n, rng.integers(1, n + 1), scale)
        start = scale * rng.normal(size=(3, n))
        falls(Altered(matrix, lagrangian, scale * rng.normal(size=n)), start)


@pytest.mark.parametrize("lagrangian", ADDITIVE, ids=str)
def test_energy_falls_for_weights_that_are_not_symmetric(lagrangian):
    rng = np.random.default_rng(31)
    for _ in range(50):
        n = rng.integers(2, 7)
        r = rng.uniform(0.2, 1.0, size=n)
        matrix = semidefinite(rng, n, n) / r[:, None]
        with pytest.raises(SymmetryError):
            Altered(matrix, lagrangian)
        falls(Altered(matrix, lagrangian, rng.normal(size=n), weights=r), rng.normal(size=(3, n)))


def test_unit_weights_give_the_symmetric_energy():
    rng = np.random.default_rng(32)
    matrix, y = semidefinite(rng, 4, 3), rng.normal(size=(5, 4))
    plain, weighted = Altered(matrix, la.GELU()), Altered(matrix, la.GELU(), weights=np.ones(4))
    assert np.allclose(plain.energy(y), weighted.energy(y))


def test_symmetrizer_finds_the_diagonal():
    rng = np.random.default_rng(33)
    for _ in range(100):
        n = rng.integers(1, 8)
        r = rng.uniform(0.1, 1.0, size=n)
        mask = rng.random((n, n)) < 0.7
        symmetric = semidefinite(rng, n, n) * (mask & mask.T)
        matrix = symmetric / r[:, None]
        found = symmetrizer(matrix)
        product = found[:, None] * matrix
        assert np.allclose(product, product.T, atol=1e-12)
        assert found.min() > 0
        if mask[np.triu_indices(n, 1)].all() and mask[np.tril_indices(n, -1)].all():
            assert np.allclose(found, r / r.max())


def test_steady_states_are_those_of_the_original_system():
    """y* = g(x*), x* = W y* + b; and W y + b runs along the original trajectory."""
    rng = np.random.default_rng(34)
    for lagrangian in (la.ReLU(), la.LogSumExp(2.0), la.HardSigmoid(0.5)):
        for _ in range(30):
            matrix, bias = semidefinite(rng, 5, 5), rng.normal(size=5)
            original, altered = OneGroup(matrix, lagrangian, bias), Altered(matrix, lagrangian, bias)
            x = original.steady_state(rng.normal(size=5))
            y = lagrangian.gradient(x)
            assert np.abs(altered.velocity(y)).max() < 1e-7
            assert np.allclose(altered.inner(y), x, atol=1e-7)
            start = rng.normal(size=5)
            path = altered.integrate(start, 3.0)
            shadow = original.integrate(altered.inner(start), 3.0)
            assert np.allclose(altered.inner(path.states[-1]), shadow.states[-1], atol=1e-6)
            assert np.allclose(altered.velocity(start) @ matrix, original.velocity(altered.inner(start)))


def test_original_energy_is_flat_where_the_altered_one_is_not():
    matrix, bias = np.array([[0.7, -0.5], [-0.5, 0.7]]), np.array([1.0, 1.0])
    original, altered = OneGroup(matrix, la.ReLU(), bias), Altered(matrix, la.ReLU(), bias)
    steady = original.steady_state([2.0, 0.0])
    rest = la.ReLU().gradient(steady)
    assert altered.inner(rest)[1] < 0, "one neuron is dead"
    along = np.linspace(-0.3, 0.3, 7)[:, None]
    dead = np.array([0.0, 1.0])
    assert np.ptp(original.energy(steady + along * dead)) < 1e-12
    bowl = altered.energy(rest + along * dead)
    assert bowl.argmin() == 3
    assert bowl[0] > bowl[3] + 0.01
    assert bowl[-1] > bowl[3] + 0.01
    # All dead: the Hessian of E(y) is W itself, that of E(x) is 0.
    silent = Altered(matrix, la.ReLU(), [-5.0, -5.0])
    y = 0.1 * np.random.default_rng(0).normal(size=(10, 2))
    assert np.allclose(silent.energy(y), 0.5 * (y * (y @ matrix)).sum(-1))
    assert np.ptp(OneGroup(matrix, la.ReLU(), [-5.0, -5.0]).energy(y - 5)) < 1e-12


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (SymmetryError, "W must be symmetric", lambda: Altered([[1, 0.5], [0, 1]], la.ReLU())),
        (
            SemidefiniteError,
            "W must be positive semi-definite: .* -1",
            lambda: Altered([[0, 1], [1, 0]], la.ReLU()),
        ),
        (
            SymmetryError,
            "R W must be symmetric",
            lambda: Altered([[1, 0.5], [0.1, 1]], la.ReLU(), weights=[1, 1]),
        ),
        (
            SemidefiniteError,
            "R W must be positive semi-definite",
            lambda: Altered([[0, 2], [1, 0]], la.ReLU(), weights=[0.5, 1]),
        ),
        (AdditiveError, "additive Lagrangian", lambda: Altered(np.eye(2), la.LogSumExp(), weights=[1, 1])),
        (ParameterError, "R must be positive", lambda: Altered(np.eye(2), la.ReLU(), weights=[1, 0])),
        (ShapeError, "R: expected the diagonal", lambda: Altered(np.eye(2), la.ReLU(), weights=np.eye(2))),
        (ShapeError, "b: expected", lambda: Altered(np.eye(2), la.ReLU(), [1, 2, 3])),
        (ShapeError, r"b: expected shape \(2,\), got \(1, 2\)", lambda: Altered(np.eye(2), la.ReLU(), [[1, 2]])),
        (ShapeError, "y: expected a last axis of 2", lambda: Altered(np.eye(2), la.ReLU()).energy([1, 2, 3])),
        (ShapeError, "y: expected a last axis of 2", lambda: Altered(np.eye(2), la.ReLU()).velocity(np.ones(1))),
        (ShapeError, "y: expected a last axis of 2", lambda: Altered(np.eye(2), la.ReLU()).power(np.ones(3))),
        (RangeError, "energy with Polynomial", lambda: Altered(np.eye(2), la.Polynomial(3)).energy([1e200, 0])),
        (ShapeError, "square", lambda: Altered(np.ones((2, 3)), la.ReLU())),
        (SymmetryError, "differ in sign", lambda: symmetrizer([[1, 1], [-1, 1]])),
        (SymmetryError, "differ in sign", lambda: symmetrizer([[1, 1], [0, 1]])),
        (SymmetryError, "around a loop", lambda: symmetrizer([[1, 1, 1], [1, 1, 2], [1, 1, 1]])),
    ],
)
def test_errors_name_the_condition(error, message, call):
    with pytest.raises(error, match=message):
        call()
