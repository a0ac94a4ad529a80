"""Parameter search over continual-learning experiments (`colanet search`), on Optuna."""
