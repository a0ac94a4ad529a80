"""Receptive fields out of files: archives of arrays, and the states that CoLaNET saves."""

from __future__ import annotations

import os

import h5py
import numpy as np

from colanet import archives
from colanet.associative.checks import Array
from colanet.associative.errors import ParameterError
from colanet.checkpoints import saved_state
from colanet.errors import CheckpointError, DataError
from colanet.inspection import weights


def read(path: str | os.PathLike[str], copies: int | None = None) -> tuple[Array, np.ndarray]:
    """Weights of shape (n_pixels, n_neurons) and the column, that is the class, of each neuron.

    Parameters
    ----------
    path : path
        A saved state or a checkpoint of a session, or an archive of `numpy.savez` with `weights` and `columns`.
    copies : int, optional
        Of a saved state: so many copies of the network, side by side; 1 if not given.

    Raises
    ------
    DataError, CheckpointError
        If the file holds no receptive fields.
    ParameterError
        If `copies` is asked of an archive, or is more than there are.
    """
    if os.path.isfile(path) and h5py.is_hdf5(path):
        return from_state(path, 1 if copies is None else copies)
    if copies is not None:
        raise ParameterError(f"copies: only a saved state has copies, and {path} is none")
    return from_archive(path)


def from_archive(path: str | os.PathLike[str]) -> tuple[Array, np.ndarray]:
    """`weights` and `columns` of an .npz archive. DataError if it has none."""
    fields, columns = archives.read_archive(path, ("weights", "columns"))
    if columns.dtype.kind not in "iu":
        raise DataError(f"{path}: columns must be whole numbers, not {columns.dtype}")
    if fields.dtype.kind not in "iuf":
        raise DataError(f"{path}: weights must be real numbers, not {fields.dtype}")
    return fields, columns


def from_state(path: str | os.PathLike[str], copies: int = 1) -> tuple[Array, np.ndarray]:
    """The plastic projection of a saved network. CheckpointError if it has not just one, or no columns."""
    plan, state = saved_state(path)
    plastic = [p for p in plan.projections if p.kind == "plastic"]
    if len(plastic) != 1:
        raise CheckpointError(
            f"{path}: expected one plastic projection, whose fields to take, found {len(plastic)}"
        )
    projection, population = plastic[0], plan.populations[plastic[0].target]
    if not population.columns:
        raise CheckpointError(f"{path}: {population.name} has no columns, so its neurons have no classes")
    if not 1 <= copies <= plan.copies:
        raise ParameterError(f"copies: expected 1 to {plan.copies}, as many as {path} holds, got {copies}")
    fields = np.hstack([weights(plan, state, projection.name, copy) for copy in range(copies)])
    return fields, np.tile(np.arange(population.size) // population.column_size, copies)
