"""Metrics against matrices worked by hand."""

import numpy as np
import pytest

from colanet.continual.metrics import mean_and_spread, metrics
from colanet.errors import DataError

NAN = float("nan")
A = np.array([[0.9, 0.2, NAN], [0.8, 0.7, 0.3], [0.5, 0.75, 0.6]])
"""Three tasks; above the diagonal what was tested before it was learnt."""


def test_every_formula_by_hand():
    found = metrics(A, np.array([0.1, 0.1, 0.1]))
    assert found["ACC"] == found["AA"] == pytest.approx((0.5 + 0.75 + 0.6) / 3)
    # AA_1 = 0.9, AA_2 = (0.8 + 0.7) / 2, AA_3 as above.
    assert found["AIA"] == pytest.approx((0.9 + 0.75 + 1.85 / 3) / 3)
    # Best before the end: 0.9 of task 1, 0.7 of task 2, which then got better.
    assert found["FM"] == pytest.approx(((0.9 - 0.5) + (0.7 - 0.75)) / 2)
    assert found["BWT"] == pytest.approx(((0.5 - 0.9) + (0.75 - 0.7)) / 2)
    assert found["FWT"] == pytest.approx(((0.2 - 0.1) + (0.3 - 0.1)) / 2)
    assert found["drop"] == pytest.approx(0.4)
    assert found["LA"] == pytest.approx((0.9 + 0.7 + 0.6) / 3)


def test_fm_takes_the_best_before_the_end_not_the_first():
    a = np.array([[0.5, NAN, NAN], [0.9, 0.5, NAN], [0.6, 0.5, 0.5]])
    assert metrics(a)["FM"] == pytest.approx((0.3 + 0.0) / 2)
    assert metrics(a)["BWT"] == pytest.approx((0.1 + 0.0) / 2)


def test_the_authors_program_divides_by_all_tasks():
    a, b = metrics(A, np.full(3, 0.1)), metrics(A, np.full(3, 0.1), divide_by_all=True)
    assert b["BWT"] == pytest.approx(a["BWT"] * 2 / 3)
    assert b["FWT"] == pytest.approx(a["FWT"] * 2 / 3)
    assert b["FM"] == a["FM"]


def test_without_tests_ahead_there_is_no_forward_transfer():
    a = np.where(np.triu(np.ones((3, 3)), 1) > 0, NAN, A)
    assert "FWT" not in metrics(a, np.zeros(3))
    assert "FWT" not in metrics(A)


def test_joint_training_has_only_its_last_row():
    a = np.full((2, 2), NAN)
    a[1] = 0.8, 0.6
    assert metrics(a) == {"ACC": pytest.approx(0.7), "AA": pytest.approx(0.7)}


def test_one_task():
    assert metrics(np.array([[0.9]])) == {"ACC": 0.9, "AA": 0.9, "AIA": 0.9, "LA": 0.9}


@pytest.mark.parametrize("bad", [np.zeros((2, 3)), np.zeros((0, 0)), np.array([[0.5, NAN], [0.5, NAN]])])
def test_what_is_no_accuracy_matrix_is_refused(bad):
    with pytest.raises(DataError, match="accuracy matrix"):
        metrics(bad)


def test_mean_and_sample_deviation():
    """1, 2, 6: mean 3, squares 4 + 1 + 9 over 2 = 7."""
    assert mean_and_spread([1, 2, 6]) == (3, pytest.approx(7**0.5))
    mean, spread = mean_and_spread([0.5])
    assert mean == 0.5
    assert np.isnan(spread)


def test_backward_transfer_is_that_of_avalanche():
    """avalanche-lib 0.6.0, `BWT`, updated with the diagonal and the last row, gave these four values."""
    a = np.full((5, 5), NAN)
    a[np.tril_indices(5)] = [
        0.746, 0.939, 0.725, 0.871, 0.302, 0.9, 0.423, 0.904, 0.679, 0.51, 0.32, 0.387, 0.769, 0.753, 0.731,
    ]  # fmt: skip
    assert metrics(a)["BWT"] == pytest.approx(np.mean([-0.426, -0.338, -0.131, 0.243]))
