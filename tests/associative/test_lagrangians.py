"""Each Lagrangian against finite differences, and its own account of where the Hessian loses rank."""

import numpy as np
import pytest

from colanet.associative import lagrangians as la
from colanet.associative.base import need_convex, need_semidefinite_at
from colanet.associative.errors import ParameterError, SemidefiniteError

ALL = [
    la.Quadratic(),
    la.Polynomial(2),
    la.Polynomial(3),
    la.Polynomial(4),
    la.RectifiedPolynomial(2),
    la.RectifiedPolynomial(3),
    la.Exponential(0.7),
    la.Abs(),
    la.Softplus(),
    la.LogCosh(),
    la.ReLU(),
    la.GELU(),
    la.HardSigmoid(0.25),
    la.HardSigmoid(1.0),
    la.LogSumExp(1.0),
    la.LogSumExp(3.0),
    la.Norm(),
]


def smooth_states(lagrangian, n=5, count=20, step=1e-3):
    """Random states away from kinks, where differences of step size would be wrong."""
    kinks = [0.0]
    if isinstance(lagrangian, la.HardSigmoid):
        kinks = [-0.5 / lagrangian.slope, 0.5 / lagrangian.slope]
    x = np.random.default_rng(7).normal(scale=2.0, size=(count, n))
    near = np.min([np.abs(x - k) for k in kinks], axis=0) < 10 * step
    return np.where(near, x + 0.1, x)


@pytest.mark.parametrize("lagrangian", ALL, ids=str)
def test_gradient_is_the_derivative_of_the_value(lagrangian):
    x, step = smooth_states(lagrangian), 1e-5
    shifts = step * np.eye(x.shape[-1])
    up, down = lagrangian.value(x[:, None] + shifts), lagrangian.value(x[:, None] - shifts)
    assert np.allclose((up - down) / (2 * step), lagrangian.gradient(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("lagrangian", ALL, ids=str)
def test_hessian_is_the_derivative_of_the_gradient(lagrangian):
    x, step = smooth_states(lagrangian), 1e-5
    shifts = step * np.eye(x.shape[-1])
    up, down = lagrangian.gradient(x[:, None] + shifts), lagrangian.gradient(x[:, None] - shifts)
    hessian = lagrangian.hessian(x)
    assert np.allclose((up - down) / (2 * step), hessian, rtol=1e-6, atol=1e-6)
    assert np.allclose(hessian, np.swapaxes(hessian, -1, -2))
    w = np.random.default_rng(8).normal(size=x.shape)
    assert np.allclose(lagrangian.hvp(x, w), (hessian @ w[..., None])[..., 0])
    off_diagonal = hessian - hessian * np.eye(x.shape[-1])
    assert lagrangian.additive == (not off_diagonal.any())


@pytest.mark.parametrize("lagrangian", ALL, ids=str)
def test_convex_means_what_it_says(lagrangian):
    x = np.random.default_rng(9).normal(scale=2.0, size=(200, 4))
    smallest = np.linalg.eigvalsh(lagrangian.hessian(x)).min()
    assert (smallest >= -1e-12) == lagrangian.convex
    if lagrangian.convex:
        need_convex(lagrangian, "L")
        need_semidefinite_at(lagrangian, x)
    else:
        with pytest.raises(SemidefiniteError, match="must be positive semi-definite"):
            need_convex(lagrangian, "L")
        with pytest.raises(SemidefiniteError, match="must be positive semi-definite"):
            need_semidefinite_at(lagrangian, x)


@pytest.mark.parametrize(
    ("lagrangian", "x", "rank"),
    [
        (la.ReLU(), [-1.0, 2.0, -3.0], 1),
        (la.RectifiedPolynomial(3), [-1.0, 2.0, 0.0], 1),
        (la.HardSigmoid(0.25), [-2.5, 0.0, 2.5], 1),
        (la.Abs(), [1.0, -1.0, 2.0], 0),
        (la.LogSumExp(), [0.1, 0.2, 0.3], 2),
        (la.LogSumExp(), [0.0, 50.0, 0.0], 0),
        (la.Norm(), [1.0, 2.0, 3.0], 2),
        (la.Quadratic(), [1.0, 2.0, 3.0], 3),
        (la.Polynomial(4), [0.0, 2.0, 3.0], 2),
    ],
    ids=str,
)
def test_rank_where_neurons_are_dead(lagrangian, x, rank):
    assert np.linalg.matrix_rank(lagrangian.hessian(np.array(x)), tol=1e-9) == rank


def test_large_arguments_do_not_overflow():
    x = np.array([-1e4, 1e4])
    for lagrangian in (la.Softplus(), la.LogCosh(), la.LogSumExp(2.0), la.GELU(), la.Norm()):
        with np.errstate(over="raise", invalid="raise"):
            assert np.isfinite(lagrangian.value(x)).all()
            assert np.isfinite(lagrangian.gradient(x)).all()
            assert np.isfinite(lagrangian.hvp(x, x)).all()


@pytest.mark.parametrize("make", [lambda: la.Polynomial(1), lambda: la.Exponential(0), lambda: la.LogSumExp(-1)])
def test_parameters_out_of_range(make):
    with pytest.raises(ParameterError, match="expected"):
        make()
