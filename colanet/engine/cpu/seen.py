"""Source neurons that a network copy does not see: their spikes and their slots are left out.

The bit sets over source neurons are those of `colanet.engine.layout.Layout.seen`.
"""

from __future__ import annotations

import numpy as np

from colanet.compiled import inlined, kernel, once
from colanet.engine.cpu.integers import BIT, NO_BITS


@inlined
def pick(sources, lo, hi, first, projection, seen, into, n):
    """Append those of sources[lo..hi-1] that are seen to a list of n; how many there are then.

    The list needs room for one more. Neuron k of the source is `first` + k.
    """
    for j in range(lo, hi):
        source = np.int64(sources[j]) - first
        into[np.uint64(n)] = sources[j]
        n += np.int64((seen[np.uint64(projection.seen + (source >> 6))] >> np.uint64(source & 63)) & BIT)
    return n


@kernel
def pick_block(block, emitted, many, q, wiring, scratch, feed):
    """Fill `scratch.picked` with what `look_ahead` needs of the feed's lists for a block of `many` steps.

    With ptr for `picked_ptr[q]`: the first ptr[0] entries are the frequent nodes. From ptr[2 s] on there are those
    that spike besides at step s, from ptr[2 s + 1] on the frequent ones that do not.
    """
    projection, source, ptr = wiring.projection[q], wiring.projection[q].source, scratch.picked_ptr[q]
    n = pick(
        feed.often, feed.often_ptr[block], feed.often_ptr[block + 1], 0, projection, wiring.seen, scratch.picked,
        np.int64(0),
    )  # fmt: skip
    ptr[0] = n
    for part in range(2 * many):
        lo, hi = feed.other_ptr[source, 2 * emitted + part], feed.other_ptr[source, 2 * emitted + part + 1]
        n = pick(feed.other, lo, hi, 0, projection, wiring.seen, scratch.picked, n)
        ptr[part + 1] = n


@once
def count_picked(ptr, s):
    """How many of the nodes that are seen spike at step s of a block."""
    return ptr[0] + (ptr[2 * s + 1] - ptr[2 * s]) - (ptr[2 * s + 2] - ptr[2 * s + 1])


@once
def hide(mask, projection, seen):
    """Take the slots of source neurons that are not seen out of a bit set over the slots of a target neuron."""
    for w in range(projection.words):
        mask[w] &= seen[projection.seen + w]


@once
def mark_slots(mask, projection, n, seen):
    """Set the bits of the n slots of a target neuron, of dense projections only those that are seen."""
    for w in range(len(mask)):
        left = n - 64 * w
        mask[w] = ~NO_BITS if left >= 64 else (BIT << np.uint64(left if left > 0 else 0)) - BIT
    if projection.seen >= 0:
        hide(mask, projection, seen)
