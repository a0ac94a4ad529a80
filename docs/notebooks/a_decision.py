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
# # Look inside a decision
#
# Why was this image answered wrongly? A small network tells: who fired, at which step, and who came close.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import colanet
from colanet.viz import raster

ROOT = Path("../..") if Path("../../configs").is_dir() else Path()  # the folder of the clone
# In the tests of the repository a notebook sees few images.
SMALL = bool(os.environ.get("COLANET_SMALL_NOTEBOOKS"))
TRAIN, TEST = (1000, 100) if SMALL else (10_000, 500)

# %%
network = colanet.load(ROOT / "configs" / "mnist_one_150.yaml")
recording = colanet.Recording(sections=("R", "L", "OUT"))
session = colanet.Session(network, copies=1, train=TRAIN, test=TEST, recording=recording)
result = session.run()
answers, labels = session.answers()[TRAIN:], session.labels()[TRAIN:]
print(f"{100 * result.accuracy:.1f} % right")

# %% [markdown]
# The first test image that was answered wrongly:

# %%
wrong = np.flatnonzero((answers != labels) & (answers >= 0))
image = int(wrong[0])
print(f"test image {image}: a {labels[image]}, answered {answers[image]}")

# %% [markdown]
# ## Who fired
#
# A dot is a spike. R is the image; L are the neurons that learn, ten columns one below the other; OUT answers.
# If two classes have equally many spikes, the lower one is the answer.

# %%
period, presentation = session.presentation.period, network.inputs[0].presentation
begin = (TRAIN + image) * period


def of_this_image(section):
    """Spikes of the image's period: step, neuron."""
    spikes = session.spikes(section)
    return spikes[(spikes[:, 0] >= begin) & (spikes[:, 0] < begin + period)]


spikes = {section: of_this_image(section) for section in ("R", "L", "OUT")}
sizes = {"R": 784, "L": 150, "OUT": 10}
raster(spikes, period, presentation, sizes=sizes, columns={"L": 10}, first=begin)

# %% [markdown]
# ## What they had learnt
#
# The image as the network saw it, and the fields of the neurons that fired.

# %%
weights = session.weights("R->L")
counts = np.bincount(spikes["R"][:, 1], minlength=784)
fired = np.unique(spikes["L"][:, 1])
right = np.arange(15 * labels[image], 15 * (labels[image] + 1))  # the column of the true class
margin = counts @ weights[:, right] - session.thresholds("L")[right]
nearest = int(right[margin.argmax()])

panels = [("the image, as spikes", counts)]
panels += [(f"L {n}, column {n // 15}: fired", weights[:, n]) for n in fired[:3]]
if nearest not in fired:
    panels.append((f"L {nearest}, column {nearest // 15}: nearest", weights[:, nearest]))
figure, places = plt.subplots(1, len(panels), figsize=(9, 2.4))
for axes, (title, values) in zip(places, panels, strict=True):
    limit = np.abs(values).max()
    axes.imshow(values.reshape(28, 28), cmap="RdBu_r", vmin=-limit, vmax=limit)
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()

# %% [markdown]
# `colanet report` makes a page of this for many images at once, with the potentials of the neurons against their
# thresholds and who silenced whom ([report](../report.md)).
