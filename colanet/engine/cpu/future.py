"""The ring of future arrivals: spikes over fixed synapses with several delays go to the steps at which they arrive.

A step that looks for what arrives finds about one synapse for each source and delay; a spike that is pushed finds
all synapses of its source in one row. Row ``t mod RING`` of the ring belongs to step t.
"""

from __future__ import annotations

import numpy as np

from colanet.compiled import kernel, once
from colanet.engine.cpu.arrivals import spikes_of
from colanet.engine.cpu.integers import larger
from colanet.engine.cpu.tables import CURRENT, RING
from colanet.units import MAX_DELAY


@kernel
def in_flight(s, t, projection, sources, first, lo, hi, rows, target, ring, ring_forcing):
    """Of the spikes emitted at step s, how many synapses are reached at step t or later; a ring takes them."""
    weight, forces, hit = np.int32(projection.weight), projection.forces, 0
    span, size = projection.delay_max - projection.delay_min + 1, len(ring) // RING
    here = ((s + 1) & (RING - 1)) * size
    soonest = larger(t - s, projection.delay_min) - projection.delay_min
    if soonest >= span:
        return hit
    for j in range(lo, hi):
        at = projection.row + (sources[j] - first) * span
        begin, end = rows[at + soonest], rows[at + span]
        hit += end - begin
        for k in range(begin, end if size else begin):
            to = here + target[k]
            ring[to if to < len(ring) else to - len(ring)] += weight
            if forces:
                ring_forcing[to if to < len(ring) else to - len(ring)] = 1
    return hit


@once
def flight(s, t, q, ring, wiring, live, scratch, feed):
    """`in_flight` of the spikes that reach projection q from step s."""
    sources, first, lo, hi = spikes_of(s, q, wiring, live, feed)
    return in_flight(
        s, t, wiring.projection[q], sources, first, lo, hi, wiring.row, wiring.target, ring, scratch.ring_forcing
    )


@kernel
def push_all(t, q, pending, wiring, live, scratch, feed):
    """Put the spikes of step t - 1 into the ring if projection q is pushed.

    How many synapses they will hit, and the last step at which something arrives.
    """
    projection = wiring.projection[q]
    if not projection.pushed or t == 0:
        return 0, pending
    hit = flight(t - 1, t, q, scratch.ring, wiring, live, scratch, feed)
    return hit, larger(pending, t + projection.delay_max - 1)


@once
def take_from_ring(current, ring):
    """Add what the ring holds for a step, and leave it empty."""
    for i in range(len(current)):
        current[i] += ring[i]
        ring[i] = 0


@once
def take_forcing(forcing, ring):
    """Likewise for who will be forced."""
    for i in range(len(forcing)):
        forcing[i] |= ring[i]
        ring[i] = 0


@kernel
def take_ring(t, scratch):
    """What the ring holds for step t arrives."""
    neurons = len(scratch.forcing)
    row = (t & (RING - 1)) * neurons
    take_from_ring(scratch.current[:neurons], scratch.ring[row : row + neurons])
    take_forcing(scratch.forcing, scratch.ring_forcing[row : row + neurons])
    for p in range(len(scratch.touched)):
        scratch.touched[p] |= CURRENT


@kernel
def fill_ring(start, wiring, live, scratch, feed):
    """Put what is in flight at step `start` into the ring of future arrivals; how many synapses it will hit."""
    events = 0
    for q in range(len(wiring.projection)):
        projection = wiring.projection[q]
        for s in range(larger(start - MAX_DELAY, 0), start - 1 if projection.pushed else 0):
            events += flight(s, start, q, scratch.ring, wiring, live, scratch, feed)
    return events


@kernel
def empty_ring(stop, wiring, live, scratch, feed):
    """Take what arrives at step `stop` or later from the ring; how many synapses it would have hit."""
    events = 0
    for q in range(len(wiring.projection)):
        projection = wiring.projection[q]
        for s in range(larger(stop - MAX_DELAY, 0), stop - 1 if projection.pushed else 0):
            events += flight(s, stop, q, scratch.ring[:0], wiring, live, scratch, feed)
    scratch.ring[:] = 0
    scratch.ring_forcing[:] = 0
    return events
