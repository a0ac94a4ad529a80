"""The numba engine's kernels, in the rooms that all engines share (see `colanet.plan.operations`)."""
