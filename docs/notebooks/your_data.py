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
# # Your own data
#
# `CoLaNETClassifier` is an estimator of scikit-learn: arrays go in by `fit`, answers come out of `predict`.
# It sees every sample once.

# %%
import os

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from colanet import CoLaNETClassifier

# In the tests of the repository a notebook sees few images.
SMALL = bool(os.environ.get("COLANET_SMALL_NOTEBOOKS"))
COPIES = 3 if SMALL else 15

# %% [markdown]
# Put your table here: `X` has one row a sample and one column a feature, `y` the labels, numbers or words.

# %%
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=7)
if SMALL:
    X_train, y_train, X_test, y_test = X_train[:300], y_train[:300], X_test[:100], y_test[:100]

# %%
network = CoLaNETClassifier(copies=COPIES).fit(X_train, y_train)
print(f"{100 * network.score(X_test, y_test):.1f} % right")

# %% [markdown]
# ## Data that come in pieces
#
# `partial_fit` goes on learning. The first piece decides how numbers become spikes. After it, the rest may come in
# any pieces.

# %%
stream = CoLaNETClassifier(copies=COPIES)
for X_piece, y_piece in zip(np.array_split(X_train, 5), np.array_split(y_train, 5), strict=True):
    stream.partial_fit(X_piece, y_piece, classes=range(10))
    print(f"{100 * stream.score(X_test, y_test):.1f} % right")

# %% [markdown]
# ## Features of different scales
#
# The estimator scales by itself what it is given, and tells how sure it is by the votes of its copies.

# %%
pipeline = make_pipeline(MinMaxScaler(), CoLaNETClassifier(copies=COPIES)).fit(X_train, y_train)
print(pipeline.predict(X_test[:5]), y_test[:5])
print(network.votes(X_test[:5]))

# %% [markdown]
# Tables and folders of images need no Python at all: `colanet train my.csv --label NAME`
# ([train and predict](../train.md)).
