"""scikit-learn's own checks of estimators, all of them."""

import pytest

pytest.importorskip("sklearn", reason='pip install "colanet[sklearn]" brings scikit-learn')

from sklearn.utils.estimator_checks import parametrize_with_checks

from colanet import CoLaNETClassifier


@parametrize_with_checks([CoLaNETClassifier()])
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)
