"""A column network as an estimator of scikit-learn: `colanet.CoLaNETClassifier`."""
