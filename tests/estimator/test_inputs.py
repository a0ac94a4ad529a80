"""Numbers as intensities: worked by hand, by the rule that says which scaler, and their invariants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from colanet.estimator.inputs import MOST_FIELDS, NODES, InputCoding, learn_coding


def test_range_by_hand():
    # 0..16: 4 is a quarter. One field: 255 / 4 = 63.75 -> 64. What lies beyond the limits is cut off.
    X = np.array([[0.0, 16.0], [4.0, 0.0]])
    assert learn_coding(X, "range", 1)(np.array([[4.0, 20.0], [-3.0, 8.0]])).tolist() == [[64, 255], [0, 128]]
    # Three fields with places 0, 1/2, 1: a quarter lies between the first and the second.
    assert learn_coding(X, "range", 3)(np.array([[4.0, 16.0]])).tolist() == [[128, 128, 0, 0, 0, 255]]


def test_quantiles_by_hand():
    # Values 0, 10, 10, 50 have the ranks 0, 1/3, 2/3, 1; the two that are equal share 1/2.
    # 4 is 0.4 of the way from 0 to 1/3, 30 half of that from 2/3 to 1.
    coding = learn_coding(np.array([[10.0], [0.0], [50.0], [10.0]]), "quantile", 1)
    found = coding(np.array([[-1.0], [0.0], [4.0], [10.0], [30.0], [50.0], [1e9]]))[:, 0]
    assert found.tolist() == [0, 0, 34, 128, 212, 255, 255]


def test_a_feature_that_never_changes_is_coded_alike():
    for scaler in ("range", "quantile"):
        coding = learn_coding(np.full((5, 2), 3.5), scaler, None)
        assert len(np.unique(coding(np.full((4, 2), 3.5)), axis=0)) == 1


@pytest.mark.parametrize(
    ("X", "scaler"),
    [
        ([[0, 0.2], [0.4, 0.6], [0.1, 0.9]], "quantile"),  # one zero in six
        ([[0, 0.2], [0.4, 0.0], [0.1, 0.9]], "range"),  # two in six
        ([[0, 0], [0, -1e-9]], "quantile"),  # negative
        ([[0, 0], [0, 0]], "range"),
    ],
)
def test_auto_goes_by_sign_and_zeros(X, scaler):
    assert learn_coding(np.array(X, dtype=float), "auto", None).scaler == scaler


@pytest.mark.parametrize(
    ("features", "scaler", "fields"),
    [(784, "range", 1), (784, "quantile", 2), (1, "range", MOST_FIELDS), (NODES // 5, "quantile", 5)],
)
def test_fields_bring_small_samples_to_enough_nodes(features, scaler, fields):
    coding = learn_coding(np.random.default_rng(0).random((4, features)), scaler, None)
    assert coding.fields == fields
    assert coding(np.zeros((3, features))).shape == (3, features * fields)


@given(arrays(np.float64, (6, 3), elements=st.floats(-1e6, 1e6)), st.sampled_from(["range", "quantile"]))
def test_intensities_grow_with_the_feature_and_depend_on_the_sample_alone(X, scaler):
    coding = learn_coding(X, scaler, 1)
    shown = coding(X)
    for feature in range(3):
        order = np.argsort(X[:, feature], kind="stable")
        assert (np.diff(shown[order, feature].astype(int)) >= 0).all()
    assert (coding(X[::-1])[::-1] == shown).all()
    assert (np.concatenate([coding(X[k : k + 1]) for k in range(6)]) == shown).all()


@given(st.floats(0, 1), st.integers(2, MOST_FIELDS))
def test_two_neighbouring_fields_share_a_value(part, fields):
    shown = InputCoding("range", fields, np.array([0.0, 1.0]))(np.array([[part]]))[0].astype(int)
    lit = np.flatnonzero(shown)
    assert 254 <= shown.sum() <= 256
    assert len(lit) <= 2
    assert np.ptp(lit) <= 1
