"""From votes to answers, scores and criteria, by hand."""


import numpy as np
import pytest

from colanet.config.model import TargetInput
from colanet.readout import (
    UNANSWERED,
    criterion_value,
    decide,
    prediction_path,
    score,
    values_of,
    write_predictions,
)


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


# --------------------------------------------------------------------- criteria

LABELS = np.array([0, 0, 1, 2, -1])
ANSWERS = np.array([0, 1, 1, -1, 2])


def target(**more):
    known = {"name": "T", "size": 3, "target_file": "t", "learning_time": 0, "period": 9}
    return TargetInput(**known | more)


def test_averaged_f_by_hand():
    # Class 0: one right of two labels and one answer, F = 2/3; class 1 likewise; class 2: none right, 0.
    assert criterion_value("averaged_F", ANSWERS, LABELS, np.zeros(4)) == pytest.approx(4 / 9)
    assert criterion_value("averaged_F", LABELS, LABELS, np.zeros(4)) == 1
    assert criterion_value("averaged_F", LABELS[:0], LABELS[:0], np.zeros(4)) is None


def test_errors_of_values_by_hand():
    # Labels 1, 2, 3 for the classes and 0 for none: values 1 1 2 3 0, answered 1 2 2 0 3; errors 0 1 0 -3 3.
    values = values_of(target(no_class="0", no_class_value=0))
    assert values.tolist() == [1, 2, 3, 0]
    assert criterion_value("absolute_error", ANSWERS, LABELS, values) == pytest.approx(7 / 5)
    # The values' mean is 7/5, their squared deviations 26/5 in sum.
    assert criterion_value("Rsquared", ANSWERS, LABELS, values) == pytest.approx(1 - 19 / 5.2)
    assert criterion_value("Rsquared", LABELS, LABELS, values) == 1


def test_a_criterion_is_not_defined_without_values():
    bare = values_of(target())
    assert criterion_value("absolute_error", ANSWERS, LABELS, bare) is None
    assert criterion_value("absolute_error", ANSWERS[:3], LABELS[:3], bare) == pytest.approx(1 / 3)
    assert criterion_value("Rsquared", ANSWERS[:2], LABELS[:2], bare) is None  # the labels do not differ
    assert criterion_value("weighted_error", LABELS, LABELS, values_of(target(no_class_value=9))) is None


@pytest.mark.parametrize(("none", "shown"), [("0", "0"), ("-", "-"), (None, ""), ("a,b", '"a,b"'), ("", "")])
def test_predictions_are_written_in_the_words_of_the_label_file(tmp_path, none, shown):
    described, path = target(no_class=none), tmp_path / "p.csv"
    write_predictions(path, ANSWERS, LABELS, described, 2)
    a, b, c = map(str, described.class_labels)
    assert path.read_text().splitlines() == [
        "object,part,label,answer",
        f"0,train,{a},{a}",
        f"1,train,{a},{b}",
        f"2,test,{b},{b}",
        f"3,test,{c},{shown}",
        f"4,test,{shown},{c}",
    ]


@pytest.mark.parametrize("name", ["p.csv", "out/p.csv", "/etc/p.csv", "..\\..\\p.csv", "C:\\x\\p.csv"])
def test_predictions_stay_in_the_output_folder(tmp_path, name):
    assert prediction_path(tmp_path, target(prediction_file=name)) == tmp_path / "p.csv"
    assert prediction_path(tmp_path, target()) is None
