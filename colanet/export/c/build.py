"""From a plan and a state to what the templates see: forms of projections, rings, tables, arrays of the state."""

from __future__ import annotations

import numpy as np

from colanet.errors import ConfigError
from colanet.export.c.levels import MOST_LEVELS, levels
from colanet.export.c.model import (
    Array,
    Model,
    Population,
    Projection,
    Source,
    Table,
    neuron_arrays,
    power,
    ring,
    sources_of,
)
from colanet.export.c.text import bit_words, comment, identifier, integer_type, packed, signed_type
from colanet.export.inference import one_copy, votes_of
from colanet.plan import Plan, ProjectionPlan
from colanet.plan.connect import reached
from colanet.plan.fixed import weight_threshold
from colanet.plan.variables import State, neurons_of, plastic_of
from colanet.units import POTENTIAL_LIMIT

TAKEN = ("board", "example", "images", "stdint")
"""Files that stand beside the source, or that it includes."""


def model_of(plan: Plan, state: State, *, copy: int, learn: bool, name: str, step: int) -> Model:
    """A network copy for the templates.

    Raises
    ------
    ConfigError
        If there is no such copy, or the name is none of C.
    """
    one_copy(plan, copy)
    if not (name.isascii() and name.isidentifier()) or identifier(name, set()) != name:
        raise ConfigError(f"option name: expected a name of C, not {name!r:.60}")
    if name in TAKEN:
        raise ConfigError(f"option name: expected another name than those of other files, {', '.join(TAKEN)}")
    inputs, populations = sources_of(plan, state, copy, learn)
    made = Model(name, step, learn, inputs, populations, [])
    taken = {source.id for source in (*inputs, *populations)}
    for p in plan.projections:
        if plan.count(p.index, copy) and (p.kind != "reward" or populations[p.target].rule):
            made.projections.append(_projection(plan, copy, made, p, taken))
    _rings(made)
    for population in populations:
        _population(plan, state, copy, made, population)
    for projection in made.plastic:
        _plastic(plan, state, copy, made, projection)
    for population in populations:
        if population.codes:
            sums = np.zeros(population.codes, dtype=np.int64)
            population.arrays.append(Array("codes", "int32_t", "sums of codes of weights that arrive", sums))
    _votes(plan, made)
    return made


# -------------------------------------------------------------------- projections


def _projection(plan: Plan, copy: int, made: Model, p: ProjectionPlan, taken: set[str]) -> Projection:
    source: Source = made.inputs[p.source] if p.from_input else made.populations[p.source]
    target = made.populations[p.target]
    delay = p.description.delay
    form, delays = _form(plan, copy, p)
    if form != "stored" and isinstance(delay, int):
        delays = (delay, delay)
    number = f"_{p.name.partition('#')[2]}" if "#" in p.name else ""
    name = identifier(f"{source.id}_{target.id}{number}", taken)
    count = plan.count(p.index, copy)
    result = Projection(name, comment(p.name), p, source, target, form, delays, count)
    if form == "spans":
        spans = plan.spans(p.index)
        assert spans is not None
        text = "first target, the one after the last, a gap"
        result.tables.append(Table("span", integer_type(0, int(spans.max())), text, spans))
    if form == "stored":
        _store(plan, copy, result)
    if p.kind == "plastic":
        target.plastic.append(result)
        target.kinds.add("current")
    elif p.kind == "fixed":
        target.kinds |= {"current"} | ({"forcing"} if p.weight > 0 and target.rule else set())
    elif p.kind == "gating":
        target.kinds.add("wake" if p.weight > 0 else "sleep")
    else:
        target.kinds.add("reward")
    return result


def _form(plan: Plan, copy: int, p: ProjectionPlan) -> tuple[str, tuple[int, int]]:
    """How the synapses of a projection are said, and the shortest and longest delay of stored ones."""
    full, spans = plan.is_full(p.index), plan.spans(p.index)
    if spans is None or (p.kind == "plastic" and not full):
        delay = plan.synapses(p.index, copy).delay
        return "stored", (int(delay.min()), int(delay.max()))
    if p.kind == "plastic":
        return "dense", (0, 0)
    if full:
        return "all", (0, 0)
    own = np.arange(p.source_size)
    alone = (spans[:, 1] == own + 1).all() and (reached(spans) == 1).all()
    return "same" if p.source_size == p.target_size and (spans[:, 0] == own).all() and alone else "spans", (0, 0)


def _store(plan: Plan, copy: int, made: Projection) -> None:
    synapses = plan.synapses(made.p.index, copy)
    first = np.searchsorted(synapses.pre, np.arange(made.source.size + 1))
    made.tables += [
        Table("first", integer_type(0, made.count), "first synapse of each source neuron", first),
        Table("target", integer_type(0, made.target.size - 1), "target of each synapse", synapses.post),
    ]
    if not made.one_delay:
        made.tables.append(Table("delay", "uint8_t", "steps", synapses.delay))


# -------------------------------------------------------------------------- rings


def _rings(made: Model) -> None:
    """How many past steps spikes and awake neurons are kept for: as far back as anybody looks, and the present."""
    reach: dict[str, int] = {}
    for q in made.projections:
        back = q.delays[1]
        if q.p.kind == "plastic" and q.target.rule:
            back += q.target.rule.look_back
        reach[q.source.id] = max(reach.get(q.source.id, 0), back)
    for source in (*made.inputs, *made.populations):
        source.ring = power(reach[source.id] + 1) if source.id in reach else 0
    for source in made.inputs:
        if source.ring:
            silence = np.zeros((source.ring, source.words), dtype=np.uint32)
            text = "bit sets, row t mod its rows: who spikes at step t"
            source.arrays.append(Array("spikes", "uint32_t", text, silence))
    for population in made.populations:
        if population.rule and population.p.gated and population.plastic:
            population.awake_ring = power(population.rule.look_back + 1)


# --------------------------------------------------------------------- populations


def _population(plan: Plan, state: State, copy: int, made: Model, population: Population) -> None:
    p, neurons = population.p, neurons_of(state, population.p, copy)
    arrays = population.arrays = neuron_arrays(population, neurons, made.step)
    if p.memory_period:
        memory = plan.memory(p, copy)
        ctype = integer_type(0, int(memory.max()))
        population.tables.append(Table("memory", ctype, "steps, how long a neuron goes on by itself", memory))
    if population.threshold != "constant":
        _threshold(plan, state, copy, made, population)
    _arrivals(made, population)
    if population.ring:
        past = bit_words(ring(neurons.spikes, population.ring, made.step))
        arrays.append(Array("spikes", "uint32_t", "bit sets, row t mod its rows: who fired at step t", past))
    if population.awake_ring:
        past = bit_words(ring(neurons.awake, population.awake_ring, made.step))
        arrays.append(Array("awake", "uint32_t", "bit sets, row t mod its rows: who was awake at step t", past))
    index = population.fired_type
    arrays.append(Array("n_fired", index, "how many fired in the last step", np.array(0)))
    arrays.append(Array("fired", index, "who", np.zeros(p.size, dtype=np.int64)))


def _threshold(plan: Plan, state: State, copy: int, made: Model, population: Population) -> None:
    """The share of the positive weights, which is constant without learning."""
    p = population.p
    assert p.plasticity is not None
    positive = np.zeros(p.size, dtype=np.int64)
    for q in population.plastic:
        weights = p.plasticity.weights(plastic_of(state, q.p, copy).resource)
        np.add.at(positive, plan.synapses(q.p.index, copy).post, np.maximum(weights, 0).astype(np.int64))
    # Potentials never exceed the limit, so a higher threshold says nothing else.
    threshold = np.minimum(weight_threshold(p.alpha, positive), POTENTIAL_LIMIT)
    text = "1/1000, base and share of the positive weights"
    if population.rule:
        population.arrays.append(Array("positive", "int32_t", "1/1000, sum of the positive weights", positive))
        population.arrays.append(Array("threshold", "int32_t", text, threshold))
    else:
        ctype = integer_type(0, int(threshold.max()))
        population.tables.append(Table("threshold", ctype, text, threshold))


def _arrivals(made: Model, population: Population) -> None:
    """Arrays of what arrives in a step."""
    weights: dict[str, list[int]] = {kind: [0] for kind in population.kinds}
    for q in made.projections:
        if q.target is population and q.p.kind == "gating":
            weights["wake" if q.p.weight > 0 else "sleep"].append(q.p.weight)
    types = {"current": "int32_t", "forcing": "uint8_t", "reward": "int64_t"}
    texts = {
        "current": "1/1000, sum of the weights that arrive",
        "forcing": "whether a positive fixed weight arrives",
        "wake": "steps, largest positive gating weight that arrives",
        "sleep": "steps, largest negative gating weight that arrives",
        "reward": "2^-20, sum of the rewards that arrive",
    }
    nothing = np.zeros(population.size, dtype=np.int64)
    for kind, text in texts.items():
        if kind in population.kinds:
            ctype = types.get(kind) or signed_type(min(weights[kind]), max(weights[kind]))
            population.arrays.append(Array(kind, ctype, text, nothing))
    if population.p.memory_period:
        text = "whether its memory timer kicks it"
        population.arrays.append(Array("kicked", "uint8_t", text, nothing))


# ------------------------------------------------------------------------ plasticity


def _plastic(plan: Plan, state: State, copy: int, made: Model, q: Projection) -> None:
    target = q.target
    described = target.p.plasticity
    assert described is not None
    most = described.largest_code
    codes = described.codes(plastic_of(state, q.p, copy).resource)
    target.code_type = integer_type(0, most)
    if made.learn:
        target.levels = levels(described) if most < MOST_LEVELS else None
        _learning(plan, state, copy, q, codes)
    else:
        width = max(int(codes.max()).bit_length(), 1)
        q.bits = next(bits for bits in (1, 2, 4, 8, 16) if width <= bits) if q.form == "dense" else 16
        if q.form == "dense":
            matrix = codes.reshape(q.source.size, target.size)
            values = packed(matrix, q.bits) if q.bits < 8 else matrix
            per = f", {q.lanes} in a byte" if q.lanes > 1 else ""
            ctype = "uint8_t" if q.bits <= 8 else "uint16_t"
            q.tables.append(Table("code", ctype, f"codes of the weights{per}", values))
        else:
            q.tables.append(Table("code", integer_type(0, int(codes.max())), "codes of the weights", codes))
    if q.form == "dense":
        room = -(-target.size // q.lanes) * q.lanes
        target.codes = max(target.codes, room)


def _learning(plan: Plan, state: State, copy: int, q: Projection, codes: np.ndarray) -> None:
    """Arrays that learning needs: resources by target, then source; codes by source; who contributes."""
    target, rule = q.target, q.target.rule
    assert rule is not None
    plastic = plastic_of(state, q.p, copy)
    grains = plastic.resource.astype(np.int64) // rule.resource_grain
    unit = f"2^-20 x {rule.resource_grain}" if rule.resource_grain > 1 else "2^-20"
    if q.form == "dense":
        shape = (q.source.size, target.size)
        resource, code = grains.reshape(shape).T, codes.reshape(shape)
        bits = plastic.contributes.reshape(shape).T
    else:
        resource, code, bits = grains, codes, _slots(plan, copy, q, plastic.contributes)
    order = " by target, then source" if q.form == "dense" else ""
    contributes = bit_words(np.ascontiguousarray(bits))
    q.words = contributes.shape[1]
    q.arrays += [
        Array("resource", target.resource_type, f"{unit}, resources{order}", resource),
        Array("code", target.code_type, "weights: weight_base + weight_step x code", code, True),
        Array("contributes", "uint32_t", "bit sets over the synapses of a neuron", contributes),
    ]


def _slots(plan: Plan, copy: int, q: Projection, contributes: np.ndarray) -> np.ndarray:
    """Tables of the synapses of each target neuron; who of them contributes, 0 or 1 of each neuron and place."""
    synapses = plan.synapses(q.p.index, copy)
    order = np.lexsort((synapses.pre, synapses.post))
    post = synapses.post[order]
    first = np.searchsorted(post, np.arange(q.target.size + 1))
    place = np.arange(q.count) - first[post]
    bits = np.zeros((q.target.size, int(np.diff(first).max())), dtype=np.uint8)
    bits[post, place] = contributes[order]
    q.tables += [
        Table("slot", integer_type(0, q.count), "first of each target neuron's synapses in the next tables", first),
        Table("synapse", integer_type(0, q.count), "their numbers", order),
        Table("source", integer_type(0, q.source.size), "their sources", synapses.pre[order]),
    ]
    return bits


# ---------------------------------------------------------------------------- votes


def _votes(plan: Plan, made: Model) -> None:
    votes = votes_of(plan)
    if votes is not None:
        made.classes, made.period = votes.classes, votes.period
        made.deciding = made.populations[votes.population]
