"""Executes a folder of the format `nir` with Norse: python norse_reads.py FOLDER OUT.

Norse knows nothing of colanet, and nothing is adapted: it reads the graph, an Euler step is the graph's `dt`, and
all potentials begin at 0 for every image.
Spikes of the answering neurons, int64 of shape (images, neurons), go to OUT.npy.
"""

import sys
from pathlib import Path

import nir
import norse.torch
import numpy as np
import torch

folder, out = Path(sys.argv[1]), sys.argv[2]
graph = nir.read(folder / "network.nir")
spikes = torch.from_numpy(np.load(folder / "images.npz")["spikes"]).float()
network = norse.torch.from_nir(graph, dt=float(graph.metadata["colanet"]["dt"]))
state, counts = None, 0
with torch.no_grad():
    for t in range(spikes.shape[1]):
        fired, state = network(spikes[:, t], state)
        counts = counts + fired
np.save(out, counts.numpy().astype(np.int64))
