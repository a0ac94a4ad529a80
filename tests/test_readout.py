"""From votes to answers, by hand."""

import numpy as np
import pytest

from colanet.readout import UNANSWERED, decide, score


def test_most_votes_win():
    assert decide(np.array([[1, 5, 2], [7, 0, 6]])).tolist() == [1, 0]


def test_a_tie_goes_to_the_lowest_class():
    assert decide(np.array([[0, 3, 3], [2, 2, 2], [4, 1, 4]])).tolist() == [1, 0, 0]


def test_silence_is_no_answer():
    assert decide(np.zeros((2, 3), dtype=np.int64)).tolist() == [UNANSWERED, UNANSWERED]


def test_no_objects_at_all():
    assert decide(np.zeros((0, 3), dtype=np.int64)).shape == (0,)
    nothing = score(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), 3)
    assert (nothing.accuracy, nothing.unanswered) == (0.0, 0.0)


def test_score_by_hand():
    #          right  wrong  none  right
    answers = np.array([0, 2, UNANSWERED, 1])
    found = score(answers, np.array([0, 1, 1, 1]), 3)
    assert found.accuracy == 0.5
    assert found.unanswered == 0.25
    expected = np.zeros((4, 4), dtype=np.int64)
    expected[0, 0] = expected[1, 2] = expected[1, 3] = expected[1, 1] = 1
    np.testing.assert_array_equal(found.confusion, expected)


def test_silence_is_right_for_an_object_without_a_class():
    answers = np.array([UNANSWERED, 2, UNANSWERED, 0])
    found = score(answers, np.array([-1, -1, 0, 0]), 3)
    # Right: silence at the first, class 0 at the last. The second should have been silence.
    assert found.accuracy == 0.5
    assert found.unanswered == 0.5
    assert found.confusion[3].tolist() == [0, 0, 1, 1]
    assert found.confusion[0].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("classes", [1, 2, 10])
def test_confusion_counts_every_object_once(classes):
    rng = np.random.default_rng(classes)
    labels, answers = rng.integers(-1, classes, (2, 200))
    found = score(answers, labels, classes)
    assert found.confusion.sum() == 200
    assert found.accuracy == np.mean(labels == answers)
    assert found.unanswered == np.mean(answers == -1)
    for label in range(classes):
        assert found.confusion[label].sum() == np.sum(labels == label)
