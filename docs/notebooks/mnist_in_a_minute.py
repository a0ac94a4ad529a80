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
# # MNIST in a minute
#
# A spiking column network sees 60,000 digits once, one after another, and then answers 10,000 new ones.
# It learns by local rules only: no backpropagation, no stored images.

# %%
import os
from pathlib import Path

import colanet
from colanet.viz import confusion, receptive_fields

ROOT = Path("../..") if Path("../../configs").is_dir() else Path()  # the folder of the clone
# In the tests of the repository a notebook sees few images.
SMALL = bool(os.environ.get("COLANET_SMALL_NOTEBOOKS"))
TRAIN, TEST, COPIES = (600, 200, 1) if SMALL else (None, None, 15)

# %% [markdown]
# A configuration describes inputs, populations and projections. This one has ten columns, one a digit, of 15
# neurons each, in 15 copies whose votes are added.

# %%
network = colanet.load(ROOT / "configs" / "mnist.yaml")
session = colanet.Session(network, copies=COPIES, train=TRAIN, test=TEST, seed=0)
result = session.run()
print(f"{100 * result.accuracy:.1f} % of {result.test_images} test images are answered rightly")
print(f"{100 * result.unanswered:.1f} % are not answered")

# %% [markdown]
# The digest is the same on every machine, with every engine and every number of threads.

# %%
print(result.digest)

# %% [markdown]
# ## What it has learnt
#
# The weights of a neuron, drawn as a picture: red pixels excite it, blue pixels inhibit it. One row is the column
# of one digit.

# %%
receptive_fields(session.weights("R->L"), columns=10)

# %% [markdown]
# ## Where it errs
#
# Rows are true classes; the last column are images without an answer.

# %%
confusion(result.confusion, rows=list("0123456789"))

# %% [markdown]
# Next: [ten tasks without forgetting](ten_tasks.py), or [your own data](your_data.py).
