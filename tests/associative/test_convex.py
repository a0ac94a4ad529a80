"""A Lagrangian that is not convex is refused where the energy needs it, whatever it says of itself."""

import numpy as np
import pytest

from colanet.associative import Altered, DenseMemory, OneGroup, SphericalMemory, TwoGroups, stability
from colanet.associative import lagrangians as la
from colanet.associative.base import Additive, Lagrangian
from colanet.associative.errors import SemidefiniteError


class Sine(Additive):
    """l(x) = -sin x: a user's own, which does not say whether it is convex."""

    def potential(self, x):
        return -np.sin(x)

    def gradient(self, x):
        return -np.cos(x)

    def curvature(self, x):
        return np.sin(x)


class Boast(Sine):
    """The same, which says that it is."""

    convex = True


class Saddle(Lagrangian):
    """x1 x2, not additive, and says it is convex."""

    convex = True

    def value(self, x):
        return x[..., 0] * x[..., 1]

    def gradient(self, x):
        return x[..., ::-1].copy()

    def hvp(self, x, w):
        return np.broadcast_to(w[..., ::-1], np.broadcast_shapes(x.shape, w.shape)).copy()


SAYS_NOT = "must be positive semi-definite everywhere, which its attribute `convex` does not say"
IS_NOT = "must be positive semi-definite, but at this state has the eigenvalue -"


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("L: .*" + SAYS_NOT, lambda: OneGroup(np.eye(2), Sine())),
        ("visible neurons: .*" + SAYS_NOT, lambda: TwoGroups(np.eye(2), Sine(), la.Quadratic())),
        ("hidden neurons: .*" + SAYS_NOT, lambda: TwoGroups(np.eye(2), la.Quadratic(), Sine())),
        ("model C: .*" + SAYS_NOT, lambda: SphericalMemory(np.eye(2), Sine())),
        ("parallel .*" + SAYS_NOT, lambda: DenseMemory(np.eye(2), Sine()).retrieve([1, 1], "parallel")),
        ("L: .*" + IS_NOT, lambda: OneGroup(np.eye(2), Boast()).integrate([-1.0, 1], 1.0)),
        ("L: .*" + IS_NOT, lambda: OneGroup(0 * np.eye(2), Boast(), [1.0, 1]).integrate([-1.0, 1], 9.0)),
        ("L: .*" + IS_NOT, lambda: OneGroup(np.eye(2), Saddle()).integrate([-1.0, 1], 1.0)),
        ("L: .*" + IS_NOT, lambda: OneGroup(0 * np.eye(2), Boast(), [-1.0, 1]).integrate([1.0, 1], 9.0)),
        ("visible .*" + IS_NOT, lambda: TwoGroups(np.eye(2), Boast(), la.Quadratic()).integrate([-1, 1], 1.0)),
        ("hidden .*" + IS_NOT, lambda: TwoGroups(np.eye(2), la.Quadratic(), Boast()).integrate([-1, 1], 1.0)),
        ("hidden .*" + IS_NOT, lambda: TwoGroups(np.eye(2), la.Abs(), Boast()).integrate_reduced([-1, 1], 1.0)),
        ("model C: .*" + IS_NOT, lambda: SphericalMemory(np.eye(2), Boast()).retrieve([-1, 1])),
        ("parallel .*" + IS_NOT, lambda: DenseMemory(np.eye(2), Boast()).retrieve([-1, 1])),
        ("L: .*" + IS_NOT, lambda: stability(OneGroup(0 * np.eye(2), Boast(), [-1.0, 1]), [-1.0, 1])),
    ],
)
def test_refused(message, call):
    with pytest.raises(SemidefiniteError, match=message):
        call()


def test_where_the_boast_holds_it_is_taken():
    path = OneGroup(np.zeros((2, 2)), Boast(), [1.0, 1.0]).integrate([0.5, 1.5], 1.0)
    assert path.rise < 1e-8


def test_no_convexity_is_asked_where_none_is_needed():
    assert Altered(0.5 * np.eye(2), Sine()).integrate([-1.0, 1.0], 3.0).rise < 1e-8
    answer = DenseMemory(0.1 * np.ones((1, 3)), Sine()).retrieve([1, -1, 1], "asynchronous")
    assert answer.converged
    assert answer.rise == 0
