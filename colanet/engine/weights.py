"""The weights of one network copy, which follow from its resources."""

from __future__ import annotations

import numpy as np

from colanet.engine.layout import Layout
from colanet.plan import ProjectionPlan


def put_weights(
    layout: Layout, projection: ProjectionPlan, resource: np.ndarray, weight: np.ndarray, own: np.ndarray
) -> np.ndarray:
    """Write the weights of the synapses of a plastic projection where they belong.

    Parameters
    ----------
    layout : Layout
    projection : ProjectionPlan
    resource : ndarray of int32
        Of the canonical synapses.
    weight, own : ndarray of int16
        The arrays of weights by source and, for dense projections, by slot.

    Returns
    -------
    ndarray of int64, shape (target size,)
        Sums of the positive weights of each target neuron.
    """
    row, rule = layout.projections[projection.index], layout.plan.populations[projection.target].rule
    size, many = projection.target_size, projection.source_size
    total = np.zeros(size, dtype=np.int64)
    if not row["dense"]:
        weights = rule.weights(resource)
        weight[layout.position[projection.index]] = weights
        np.add.at(total, layout.synapses(projection).post, np.maximum(weights, 0).astype(np.int64))
        return total
    rows = weight[row["synapse"] : row["synapse"] + many * row["stride"]].reshape(many, row["stride"])
    by_target = own[layout.slots(projection)].reshape(size, many)
    for part, sources in layout.blocks(projection):
        weights = rule.weights(resource.reshape(-1, size)[part])
        rows[sources, :size] = weights
        by_target[:, sources] = weights.T
        total += np.maximum(weights, 0).sum(axis=0, dtype=np.int64)
    return total
