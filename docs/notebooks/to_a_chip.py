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
# # From a network to a chip
#
# A trained network leaves the simulator as C, without floating point and without memory allocation, and proves
# itself: the program compares its spikes, potentials and weights with the simulator's, bit for bit.

# %%
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp

import colanet
from colanet.checkpoints import saved_state
from colanet.export import export

ROOT = Path("../..") if Path("../../configs").is_dir() else Path()  # the folder of the clone
# In the tests of the repository a notebook sees few images.
SMALL = bool(os.environ.get("COLANET_SMALL_NOTEBOOKS"))
TRAIN, TEST, IMAGES = (600, 100, 5) if SMALL else (6000, 1000, 50)
folder = Path(mkdtemp())

# %% [markdown]
# ## A network that fits
#
# `mnist_chip.yaml` learns with weights of 8 bits.

# %%
session = colanet.Session(colanet.load(ROOT / "configs" / "mnist_chip.yaml"), train=TRAIN, test=TEST)
print(f"{100 * session.run().accuracy:.1f} % right")
session.save(folder / "trained.h5")

# %% [markdown]
# ## Its C

# %%
plan, state = saved_state(folder / "trained.h5")
written = export("c", plan, state, folder / "chip", options={"images": str(IMAGES)})
for path in written:
    print(path.relative_to(folder), path.stat().st_size, "bytes")

# %% [markdown]
# ## It computes the same
#
# `equal` in the last line says so.

# %%
if shutil.which("gcc"):
    command = "gcc -std=c99 -O2 example.c network.c boards/host.c -o example && ./example"
    done = subprocess.run(command, shell=True, cwd=folder / "chip", capture_output=True, text=True, check=True)
    print(done.stdout)
    assert "equal" in done.stdout
else:
    print("no gcc here")

# %% [markdown]
# The same program runs on a [microcontroller](../microcontroller.md), where it goes on learning if you want it to.
# A [Verilog core](../verilog.md) does the same on an FPGA.
