"""Metrics of continual learning: worked by hand, and against the program of others."""

import math

import numpy as np
import pytest

from colanet.continual.metrics import mean_and_spread, metrics
from colanet.errors import DataError

NAN = math.nan
THREE = np.array([[0.9, NAN, NAN], [0.8, 0.7, NAN], [0.5, 0.75, 0.6]])
AHEAD = np.array([[0.9, 0.2, NAN], [0.8, 0.7, 0.3], [0.5, 0.75, 0.6]])
UNTRAINED = np.array([0.1, 0.15, 0.05])

FOUR = np.array(
    [[0.96, 0.12, 0.09, 0.11], [0.91, 0.94, 0.14, 0.08], [0.85, 0.95, 0.92, 0.10], [0.62, 0.90, 0.93, 0.88]]
)
"""With figures above the diagonal and one task that gets better later."""
FOUR_UNTRAINED = np.array([0.10, 0.08, 0.13, 0.07])


def test_by_hand():
    found = metrics(THREE)
    assert found == pytest.approx(
        {
            "ACC": (0.5 + 0.75 + 0.6) / 3,
            "AA": (0.5 + 0.75 + 0.6) / 3,
            "AIA": (0.9 + 0.75 + 1.85 / 3) / 3,
            "LA": (0.9 + 0.7 + 0.6) / 3,
            "FM": (0.4 - 0.05) / 2,
            "BWT": (-0.4 + 0.05) / 2,
            "drop": 0.4,
        }
    )


def test_forward_transfer_by_hand_and_the_division_by_all():
    found = metrics(AHEAD, UNTRAINED)
    assert found["FWT"] == pytest.approx((0.2 - 0.15 + 0.3 - 0.05) / 2)
    assert {name: value for name, value in found.items() if name != "FWT"} == metrics(THREE)
    whole = metrics(AHEAD, UNTRAINED, divide_by_all=True)
    assert whole["BWT"] == pytest.approx(-0.35 / 3)
    assert whole["FWT"] == pytest.approx(0.3 / 3)
    assert {n: v for n, v in whole.items() if n not in ("BWT", "FWT")} == {
        n: v for n, v in found.items() if n not in ("BWT", "FWT")
    }


def test_forward_transfer_needs_both_its_figures():
    assert "FWT" not in metrics(AHEAD)
    assert "FWT" not in metrics(THREE, UNTRAINED)
    assert "FWT" not in metrics(AHEAD, np.full(3, NAN))
    # The first task's own figure is in no formula.
    assert metrics(AHEAD, np.array([NAN, 0.15, 0.05]))["FWT"] == pytest.approx(0.15)


def test_forgetting_is_from_the_best_moment_not_the_first():
    a = np.array([[0.5, NAN, NAN], [0.9, 0.4, NAN], [0.6, 0.3, 0.2]])
    found = metrics(a)
    assert found["FM"] == pytest.approx((0.9 - 0.6 + 0.4 - 0.3) / 2)
    assert found["BWT"] == pytest.approx((0.6 - 0.5 + 0.3 - 0.4) / 2)


def test_what_was_known_before_a_task_was_learnt_is_no_forgetting():
    a = np.array([[0.5, 0.99], [0.5, 0.4]])
    assert metrics(np.vstack([a]))["FM"] == 0
    b = np.array([[0.5, 0.9, NAN], [0.5, 0.4, NAN], [0.5, 0.4, 0.4]])
    assert metrics(b)["FM"] == 0


def test_one_task():
    assert metrics(np.array([[0.8]]), np.array([0.1])) == {"ACC": 0.8, "AA": 0.8, "AIA": 0.8, "LA": 0.8}


def test_joint_training_has_a_last_row_only():
    a = np.full((3, 3), NAN)
    a[2] = [0.9, 0.8, 0.4]
    assert metrics(a, UNTRAINED) == pytest.approx({"ACC": 0.7, "AA": 0.7})


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (4,), (0, 0), (2, 2, 2)])
def test_shapes_that_are_refused(shape):
    with pytest.raises(DataError, match="as many rows as columns"):
        metrics(np.zeros(shape))


def test_an_incomplete_last_row_is_refused():
    with pytest.raises(DataError, match="without its last row"):
        metrics(np.array([[0.9, NAN], [0.9, NAN]]))


@pytest.mark.parametrize("shape", [(), (2,), (4,), (1, 3)])
def test_untrained_figures_of_another_shape_are_refused(shape):
    with pytest.raises(DataError, match="untrained"):
        metrics(AHEAD, np.zeros(shape))


def test_mean_and_spread_by_hand():
    mean, spread = mean_and_spread([0.9, 0.8, 0.7])
    assert mean == pytest.approx(0.8)
    assert spread == pytest.approx(0.1)
    mean, spread = mean_and_spread([0.9])
    assert mean == 0.9
    assert math.isnan(spread)


# ------------------------------------------------------------ other programs

GEM = {"ACC": 0.8325, "BWT": -0.0925, "FWT": 0.02}
"""For FOUR, by the formulas of the program of Lopez-Paz and Ranzato (facebookresearch/GradientEpisodicMemory,
metrics/metrics.py, commit 1919989), evaluated with PyTorch 2.13; it divides by the number of tasks."""


def test_figures_of_the_program_of_lopez_paz_and_ranzato():
    whole = metrics(FOUR, FOUR_UNTRAINED, divide_by_all=True)
    assert {name: whole[name] for name in GEM} == pytest.approx(GEM, abs=1e-6)


# ------------------------------------------------- not everything is tested after every task

SOME = np.array([[0.9, NAN, NAN, NAN], [NAN, NAN, NAN, NAN], [0.7, 0.95, 0.8, NAN], [0.6, 0.85, 0.9, 0.7]])
"""Four tasks, tested after the first, the third and the last."""


def test_means_are_over_what_was_tested():
    assert metrics(SOME) == pytest.approx(
        {
            "ACC": 3.05 / 4,
            "AA": 3.05 / 4,
            "AIA": (0.9 + 2.45 / 3 + 3.05 / 4) / 3,
            # Task 2 was not tested when it was learnt.
            "LA": (0.9 + 0.8 + 0.7) / 3,
            "BWT": (0.6 - 0.9 + 0.9 - 0.8) / 2,
            "FM": (0.9 - 0.6 + 0.95 - 0.85 + 0.8 - 0.9) / 3,
            "drop": 0.3,
        }
    )
    assert metrics(SOME, divide_by_all=True)["BWT"] == pytest.approx(-0.2 / 3)
    # What is tested before it is learnt is no best accuracy of a task.
    ahead = SOME.copy()
    ahead[[0, 1, 2], [1, 2, 3]] = 0.99
    assert metrics(ahead) == metrics(SOME)


def test_a_task_that_was_never_tested_before_the_end_has_no_forgetting():
    a = np.array([[0.9, NAN, NAN], [NAN, NAN, NAN], [0.8, 0.2, 0.7]])
    found = metrics(a)
    assert found["FM"] == found["drop"] == pytest.approx(0.1)
    assert found["BWT"] == pytest.approx(-0.1)
    assert "drop" not in metrics(np.array([[NAN, NAN, NAN], [0.9, 0.8, NAN], [0.8, 0.2, 0.7]]))


def test_of_the_last_tasks_only_their_mean_is_known():
    a = np.array([[0.9, NAN, NAN], [0.7, 0.8, NAN], [NAN, 0.6, 0.5]])
    assert metrics(a, last=2) == pytest.approx({"last": 0.55, "LA": (0.9 + 0.8 + 0.5) / 3})
    assert metrics(a) == pytest.approx({"LA": (0.9 + 0.8 + 0.5) / 3})
    # Not as many were tested as the mean is asked for.
    assert "last" not in metrics(a, last=3)
    assert metrics(THREE, last=2)["last"] == pytest.approx((0.75 + 0.6) / 2)
    assert metrics(THREE, last=9)["last"] == metrics(THREE)["ACC"]


def test_images_weigh_where_tasks_have_not_as_many():
    found = metrics(THREE, images=np.array([10, 20, 70]))
    assert found["micro"] == pytest.approx((10 * 0.5 + 20 * 0.75 + 70 * 0.6) / 100)
    assert {name: value for name, value in found.items() if name != "micro"} == metrics(THREE)
    assert metrics(THREE, images=np.full(3, 10)) == metrics(THREE, images=np.zeros(0, int)) == metrics(THREE)
    with pytest.raises(DataError, match="numbers of test images"):
        metrics(THREE, images=np.array([1, 2]))


def test_the_last_task_must_have_been_tested():
    with pytest.raises(DataError, match="without its last row"):
        metrics(np.array([[0.9, NAN], [0.9, NAN]]))
