"""A column network as an estimator of scikit-learn."""

from colanet.estimator.classifier import CoLaNETClassifier

__all__ = ["CoLaNETClassifier"]
