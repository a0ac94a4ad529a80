"""Models A, B and C in closed form."""

import numpy as np
import pytest

from colanet.associative import (
    DenseMemory,
    Hopfield,
    ModernMemory,
    SphericalMemory,
    hebbian,
    model_a,
    model_b,
    model_c,
)
from colanet.associative import lagrangians as la
from colanet.associative.capacity import random_patterns
from colanet.associative.errors import ParameterError, PatternError, SemidefiniteError, ShapeError


def softmax_attention(query, keys, values, scale):
    scores = scale * query @ keys.T
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ values


def test_one_step_of_model_b_is_attention():
    rng = np.random.default_rng(0)
    for _ in range(100):
        n_memories, n_features = rng.integers(1, 40, size=2)
        memories = rng.normal(size=(n_memories, n_features))
        v = 3 * rng.normal(size=(7, n_features))
        beta = 1 / np.sqrt(n_features)
        step = ModernMemory(memories, beta).step(v)
        assert np.abs(step - softmax_attention(v, memories, memories, beta)).max() <= 1e-12


def test_one_step_of_model_b_is_torch_attention():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; NumPy's attention is compared above")
    rng = np.random.default_rng(1)
    memories, v = rng.normal(size=(30, 16)), rng.normal(size=(5, 16))
    query, keys = torch.tensor(v), torch.tensor(memories)
    expected = torch.nn.functional.scaled_dot_product_attention(query[None], keys[None], keys[None])[0]
    assert np.abs(ModernMemory(memories, 0.25).step(v) - expected.numpy()).max() <= 1e-12


def test_quadratic_interaction_is_hopfields_network():
    """F = h^2 / 2: energies differ by the constant of the diagonal, asynchronous runs are the same."""
    rng = np.random.default_rng(2)
    patterns = random_patterns(6, 50, rng)
    dense, classic = DenseMemory(patterns, la.Quadratic()), Hopfield(hebbian(patterns))
    s = random_patterns(20, 50, rng)
    assert np.allclose(dense.energy(s) / 6, classic.energy(s) - 25.0)
    order = rng.permutation(50)
    assert np.array_equal(dense.sweep(s, order), classic.sweep(s, order))


INTERACTIONS = [la.Quadratic(), la.Polynomial(3), la.Polynomial(4), la.RectifiedPolynomial(3), la.Exponential(0.5)]


@pytest.mark.parametrize("interaction", INTERACTIONS, ids=str)
@pytest.mark.parametrize("order", ["asynchronous", "parallel"])
def test_energy_of_model_a_never_rises(interaction, order):
    if order == "parallel" and not interaction.convex:
        pytest.skip("parallel steps are refused for an interaction that is not convex")
    rng = np.random.default_rng(3)
    for seed in range(60):
        count, size = rng.integers(2, 15, size=2)
        memory = DenseMemory(random_patterns(count, size, rng), interaction)
        answer = memory.retrieve(random_patterns(3, size, rng), order, seed=seed)
        assert answer.converged.all()
        assert answer.rise <= 1e-10 * np.abs(answer.energies).max()


@pytest.mark.parametrize("kind", ["B", "C polynomial", "C exponential"])
def test_energy_of_models_b_and_c_never_rises(kind):
    rng = np.random.default_rng(4)
    for _ in range(150):
        count, size = rng.integers(2, 15, size=2)
        memories = rng.normal(size=(count, size))
        memory = {
            "B": lambda m=memories: ModernMemory(m, rng.uniform(0.1, 4)),
            "C polynomial": lambda m=memories: SphericalMemory(m, la.RectifiedPolynomial(3)),
            "C exponential": lambda m=memories: SphericalMemory(m, la.Exponential(2.0)),
        }[kind]()
        answer = memory.retrieve(rng.normal(size=(3, size)), max_steps=200)
        assert answer.rise <= 1e-10 * (1 + np.abs(answer.energies).max())


def test_reductions_of_the_full_system_have_these_energies_and_fixed_points():
    rng = np.random.default_rng(5)
    memories, v = rng.normal(size=(4, 6)), rng.normal(size=(10, 6))
    b, c = ModernMemory(memories, 2.0), SphericalMemory(memories, la.Exponential())
    assert np.allclose(model_b(memories, 2.0).reduced_energy(v), b.energy(v))
    assert np.allclose(model_c(memories, la.Exponential()).reduced_energy(v), c.energy(v))
    patterns, s = random_patterns(4, 6, rng), random_patterns(10, 6, rng)
    a = DenseMemory(patterns, la.Polynomial(4))
    assert np.allclose(model_a(patterns, la.Polynomial(4)).reduced_energy(s), a.energy(s))
    assert np.allclose(b.step(v) - v, model_b(memories, 2.0).reduced_velocity(v))
    rest = b.retrieve(v).states
    assert np.abs(model_b(memories, 2.0).reduced_velocity(rest)).max() < 1e-9


@pytest.mark.parametrize("interaction", [la.Polynomial(4), la.Exponential(1.0)], ids=str)
def test_model_a_cleans_patterns_beyond_hopfields_capacity(interaction):
    rng = np.random.default_rng(6)
    patterns = random_patterns(100, 64, rng)
    noisy = patterns * np.where(rng.random(patterns.shape) < 0.1, -1, 1)
    assert (DenseMemory(patterns, interaction).retrieve(noisy).states == patterns).mean() > 0.99
    assert (Hopfield(hebbian(patterns)).retrieve(noisy).states == patterns).mean() < 0.9


def test_models_b_and_c_clean_patterns():
    rng = np.random.default_rng(7)
    memories = rng.normal(size=(50, 40))
    noisy = memories + 0.5 * rng.normal(size=memories.shape)
    b = ModernMemory(memories, 1.0).retrieve(noisy)
    assert b.converged.all()
    assert np.abs(b.states - memories).max() < 0.01
    unit = memories / np.linalg.norm(memories, axis=1, keepdims=True)
    c = SphericalMemory(unit, la.Exponential(20.0)).retrieve(noisy)
    assert c.converged.all()
    assert ((c.states * unit).sum(1) > 0.99).all()


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (
            SemidefiniteError,
            "parallel steps of model A: the Hessian of Polynomial",
            lambda: DenseMemory(np.ones((1, 2)), la.Polynomial(3)).retrieve([1, 1]),
        ),
        (SemidefiniteError, "model C", lambda: SphericalMemory(np.ones((1, 2)), la.GELU())),
        (ShapeError, "s: .* last axis of 2", lambda: DenseMemory(np.eye(2), la.Quadratic()).energy([1, 1, 1])),
        (ShapeError, "s: .* last axis of 2", lambda: DenseMemory(np.eye(2), la.Quadratic()).parallel_step([1])),
        (ShapeError, "s: .* last axis of 2", lambda: DenseMemory(np.eye(2), la.Quadratic()).sweep([1, 1, 1], [0])),
        (ShapeError, "neurons from 0 to 1", lambda: DenseMemory(np.eye(2), la.Quadratic()).sweep([1, 1], [2])),
        (ShapeError, "v: .* last axis of 2", lambda: ModernMemory(np.eye(2)).energy([1, 1, 1])),
        (ShapeError, "v: .* last axis of 2", lambda: ModernMemory(np.eye(2)).step([1, 1, 1])),
        (ShapeError, "u: .* last axis of 2", lambda: SphericalMemory(np.eye(2), la.Quadratic()).energy([1])),
        (ShapeError, "u: .* last axis of 2", lambda: SphericalMemory(np.eye(2), la.Quadratic()).step([1])),
        (PatternError, "start", lambda: DenseMemory(np.ones((1, 2)), la.Polynomial(2)).retrieve([1, 2])),
        (ShapeError, "start", lambda: ModernMemory(np.ones((1, 2))).retrieve([1, 2, 3])),
        (ParameterError, "no direction", lambda: SphericalMemory(np.eye(2), la.Exponential()).retrieve([0, 0])),
        (ParameterError, "beta", lambda: ModernMemory(np.ones((1, 2)), 0.0)),
        (ShapeError, "empty", lambda: ModernMemory(np.ones((0, 2)))),
    ],
)
def test_errors_name_the_condition(error, message, call):
    with pytest.raises(error, match=message):
        call()
