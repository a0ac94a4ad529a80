# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Ten tasks without forgetting
#
# Permuted MNIST: every task shows the digits with their pixels in another order. The network learns one task after
# another. Nobody tells it where a task ends, and no image is kept.

# %%
import os
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from colanet.continual.study import StudyOptions, run_study
from colanet.viz import degradation_matrix

ROOT = Path("../..") if Path("../../configs").is_dir() else Path()  # the folder of the clone
# In the tests of the repository a notebook sees few images.
SMALL = bool(os.environ.get("COLANET_SMALL_NOTEBOOKS"))

# %% [markdown]
# The experiment is a file. Here it is run with one copy instead of fifteen, and with 10,000 images of each task:
# a minute instead of minutes.

# %%
options = StudyOptions(
    seeds=(0,),
    copies=1,
    tasks=3 if SMALL else None,
    train=300 if SMALL else 10_000,
    test=100 if SMALL else 1_000,
    variants=("45 microcolumns, inhibited",),
    out=mkdtemp(),
)
part = run_study(ROOT / "experiments" / "permuted_mnist.yaml", options)[0]
matrix = part.outcomes[0].matrix

# %% [markdown]
# Row: after learning which task. Column: tested on which task. Down a column one sees what a task loses while
# others are learnt.

# %%
degradation_matrix(matrix)

# %%
last = matrix[-1]
print(f"after the last task: {100 * np.nanmean(last):.1f} % on average")
print(f"the first task lost {100 * (matrix[0, 0] - last[0]):.1f} points")

# %% [markdown]
# ## The same network, taught with backpropagation?
#
# `comparison.yaml` holds the rivals: networks with backpropagation, with and without remedies against forgetting,
# and methods that keep sums. [Continual learning](../continual.md#comparison-methods) has the tables.
#
#     colanet continual experiments/comparison.yaml --variant backpropagation
#
# It needs PyTorch: `pip install "colanet[rivals]"`.
