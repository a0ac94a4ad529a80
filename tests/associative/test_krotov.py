"""The two-group system: energies that never rise, and the limit of fast hidden neurons."""

import numpy as np
import pytest

from colanet.associative import TwoGroups, model_a, model_b, model_c
from colanet.associative import lagrangians as la
from colanet.associative.errors import ParameterError, RangeError, SemidefiniteError, ShapeError

RTOL = 1e-8
VISIBLE = [la.Quadratic(), la.Abs(), la.Norm(), la.ReLU(), la.LogCosh(), la.HardSigmoid(), la.LogSumExp(2.0)]
HIDDEN = [
    la.Quadratic(),
    la.Polynomial(4),
    la.RectifiedPolynomial(3),
    la.Exponential(0.3),
    la.LogSumExp(1.5),
    la.ReLU(),
    la.Softplus(),
]


def random_system(rng, visible, hidden):
    n_memories, n_features = rng.integers(2, 6, size=2)
    memories = rng.normal(size=(n_memories, n_features)) / np.sqrt(n_features)
    tau_f, tau_h = rng.uniform(0.2, 2.0, size=2)
    current = rng.normal(size=n_features)
    return TwoGroups(0.5 * memories, visible, hidden, tau_f, tau_h, current)


# With outputs as large as the potentials and an L_h that grows faster than a square, E has no floor: the energy
# falls for ever and the state runs to infinity in finite time.
LINEAR = (la.Quadratic(), la.ReLU())
STEEP = (la.Polynomial(4), la.RectifiedPolynomial(3), la.Exponential(0.3))


def allowed(energies):
    """What the solver's tolerance lets an energy of this size err."""
    return 100 * RTOL * (1 + np.abs(energies).max())


@pytest.mark.parametrize("visible", VISIBLE, ids=str)
def test_energy_never_rises_along_trajectories(visible):
    """43 pairs of Lagrangians, 5 random systems each, 3 states at once."""
    rng = np.random.default_rng(11)
    for hidden in HIDDEN:
        if visible in LINEAR and hidden in STEEP:
            continue
        for _ in range(5):
            system = random_system(rng, visible, hidden)
            v = rng.normal(size=(3, system.n_features))
            h = rng.normal(size=(3, system.n_memories))
            path = system.integrate(v, 2.0, h, rtol=RTOL)
            assert path.rise <= allowed(path.energies), (visible, hidden)
            assert path.energies[-1].sum() < path.energies[0].sum()


def test_power_is_the_time_derivative_of_the_energy_and_not_positive():
    rng = np.random.default_rng(12)
    smooth = [la.Quadratic(), la.LogCosh(), la.Norm(), la.LogSumExp(2.0), la.Softplus()]
    for _ in range(200):
        system = random_system(rng, rng.choice(smooth), rng.choice(smooth))
        v, h = rng.normal(size=(4, system.n_features)), rng.normal(size=(4, system.n_memories))
        dv, dh = system.velocity(v, h)
        step = 1e-5
        numeric = (system.energy(v + step * dv, h + step * dh) - system.energy(v - step * dv, h - step * dh)) / (
            2 * step
        )
        assert np.allclose(system.power(v, h), numeric, rtol=1e-5, atol=1e-7)
        assert (system.power(v, h) <= 1e-12).all()


MODELS = {
    "A polynomial": lambda xi, **kw: model_a(xi, la.Polynomial(4), **kw),
    "A exponential": lambda xi, **kw: model_a(xi, la.Exponential(), **kw),
    "B": lambda xi, **kw: model_b(xi, 2.0, **kw),
    "C": lambda xi, **kw: model_c(xi, la.RectifiedPolynomial(3), **kw),
}


@pytest.mark.parametrize("name", MODELS)
def test_fast_hidden_neurons_give_the_reduced_model(name):
    """States and energies agree in the limit, and the error is proportional to tau_h."""
    rng = np.random.default_rng(13)
    memories = 0.5 * rng.normal(size=(4, 6))
    v = rng.normal(size=6)
    reduced = MODELS[name](memories).integrate_reduced(v, 1.5, rtol=1e-9, method="LSODA")
    errors = []
    for tau_h in (1e-2, 1e-3, 1e-4):
        system = MODELS[name](memories, tau_h=tau_h)
        full = system.integrate(v, 1.5, rtol=1e-9, method="LSODA")
        end = system.split(full.states[-1])
        errors.append(np.abs(end[0] - reduced.states[-1]).max() / np.abs(reduced.states[-1]).max())
        assert np.isclose(full.energies[-1], reduced.energies[-1], rtol=50 * tau_h)
    assert errors[2] < 2e-3
    assert np.allclose(np.divide(errors[:2], errors[1:]), 10, rtol=0.2)


@pytest.mark.parametrize("name", MODELS)
def test_energy_falls_in_models_and_their_reductions(name):
    rng = np.random.default_rng(14)
    for _ in range(40):
        memories = rng.normal(size=(3, 5)) / np.sqrt(5)
        system = MODELS[name](memories)
        v = rng.normal(size=(2, 5))
        for path in (system.integrate(v, 1.0, rtol=RTOL), system.integrate_reduced(v, 1.0, rtol=RTOL)):
            assert path.rise <= allowed(path.energies)


def test_settled_hidden_neurons_have_the_reduced_energy():
    rng = np.random.default_rng(15)
    for make in MODELS.values():
        system = make(rng.normal(size=(3, 5)))
        v = rng.normal(size=(10, 5))
        assert np.allclose(system.energy(v, system.settled(v)), system.reduced_energy(v), rtol=1e-12)


def test_retrieval_converges_and_says_so():
    memories = 4 * np.eye(3, 8)
    system = model_b(memories, 2.0)
    path = system.integrate(memories + 0.3, 40.0)
    assert path.converged.all()
    assert path.speed.max() < 1e-4
    assert np.abs(system.split(path.states[-1])[0] - memories).max() < 1e-3
    assert not system.integrate(memories + 0.3, 0.1).converged.any()


FIERCE = model_a(800 * np.eye(2), la.Exponential())


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (
            SemidefiniteError,
            "hidden neurons: the Hessian of Polynomial",
            lambda: model_a(np.eye(2), la.Polynomial(3)),
        ),
        (SemidefiniteError, "visible neurons", lambda: TwoGroups(np.eye(2), la.GELU(), la.Quadratic())),
        (ShapeError, "n_memories, n_features", lambda: model_b([1.0, 2.0])),
        (ShapeError, "current", lambda: model_b(np.eye(2), current=[1, 2, 3])),
        (ShapeError, "v: expected a last axis of 2", lambda: model_b(np.eye(2)).integrate([1.0, 2, 3], 1.0)),
        (ShapeError, r"current: expected shape \(2,\)", lambda: model_b(np.eye(2), current=np.ones((3, 2)))),
        (ShapeError, "v and h: batches disagree", lambda: model_b(np.eye(2)).energy(np.ones((3, 2)), [1.0, 2])),
        (ShapeError, "v and h: batches disagree", lambda: model_b(np.eye(2)).power(np.ones((3, 2)), [1.0, 2])),
        (ShapeError, "h: expected a last axis of 4", lambda: model_b(np.ones((4, 2))).energy([1, 2], [1, 2])),
        (ShapeError, "v: expected a last axis of 2", lambda: model_b(np.ones((4, 2))).velocity([1], [1] * 4)),
        (ShapeError, "v: expected a last axis of 2", lambda: model_b(np.eye(2)).reduced_energy([1, 2, 3])),
        (ShapeError, "v: expected a last axis of 2", lambda: model_b(np.eye(2)).reduced_velocity([1, 2, 3])),
        (ShapeError, "v: expected a last axis of 2", lambda: model_b(np.eye(2)).settled([1, 2, 3])),
        (RangeError, "the energy with Exponential", lambda: FIERCE.energy([1.0, 1], [800.0, 0])),
        (RangeError, "the energy with Exponential", lambda: FIERCE.reduced_energy([1.0, 1])),
        (RangeError, "the velocity at the start", lambda: FIERCE.integrate([1.0, 1], 1.0)),
        (ShapeError, "batches disagree", lambda: model_b(np.eye(2)).integrate([1.0, 2], 1.0, np.ones((3, 2)))),
        (ParameterError, "tau_h", lambda: model_b(np.eye(2), tau_h=0)),
        (ParameterError, "duration", lambda: model_b(np.eye(2)).integrate([1.0, 2], -1.0)),
    ],
)
def test_errors_name_the_condition(error, message, call):
    with pytest.raises(error, match=message):
        call()
