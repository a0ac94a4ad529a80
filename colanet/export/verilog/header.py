"""network.vh: every width and constant of a core, computed from the plan."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from colanet.engine.base import Votes
from colanet.export.verilog.design import Design, delay_of, largest_threshold
from colanet.plan.bounds import largest_arrival, largest_potential
from colanet.plan.fixed import fixmul
from colanet.units import AWAKE, BASE_THRESHOLD, ONE, Q
from colanet.version import __version__

IDENTITY = 0x434F4C41
"""Register 0: the letters COLA."""
KINDS = ("FIXED", "WAKE", "SLEEP", "REWARD")
SELECTS = ("NEW", "CONTRIBUTING", "RECEIVED", "ALL")
REGIONS = (
    "register", "potential", "gate", "code", "threshold", "resource", "contributes", "stability", "debt",
    "last_spike", "sequence_start", "forced",
)  # fmt: skip
"""Memories on the bus, by their number."""
STEPS = 1 << 31
"""Steps that a stability is to last, with an own spike and a reward in each."""


def bits(largest: int) -> int:
    """Bits of the integers from 0 to the largest, at least one."""
    return max(int(largest).bit_length(), 1)


def address(count: int) -> int:
    """Bits that number so many things, at least one."""
    return bits(count - 1)


class Widths(dict[str, int]):
    """Numbers of network.vh by name, in the order in which they are computed."""

    def __init__(self, d: Design) -> None:
        super().__init__()
        plan, p = d.plan, d.learner
        rule = p.rule
        self |= {
            "LEARN": int(d.learn), "LANES": d.lanes, "GROUPS": d.groups, "FIRST_STEP": d.step, "NODES": d.all_nodes,
            "INPUTS": len(plan.inputs), "NEURONS": plan.n_neurons, "POPULATIONS": len(plan.populations),
            "PROJECTIONS": len(d.small), "LEARNER": p.index, "LEARNER_FIRST": p.start, "LEARNER_SIZE": p.size,
            "ROW_FIRST": d.first_nodes[d.plastic.source], "ROW_NODES": d.nodes, "ROW_DELAY": d.delay,
            "KICKS": int(any(q.kick for q in plan.populations)),
        }  # fmt: skip
        self |= {
            "NODE_BITS": bits(d.all_nodes), "NEURON_BITS": bits(plan.n_neurons),
            "POPULATION_BITS": address(len(plan.populations)), "PROJECTION_BITS": address(max(len(d.small), 1)),
            "SOURCE_BITS": bits(plan.n_neurons + d.all_nodes), "POST_BITS": address(p.size),
            "ROW_BITS": address(d.nodes), "LANE_BITS": address(d.lanes), "ROW_ADDRESS": address(d.groups * d.nodes),
            "RESOURCE_ADDRESS": address(p.size * d.nodes), "ROW_SLOT_BITS": address(d.delay + 2),
            "LIST_ADDRESS": bits(d.nodes * (d.delay + 1)),
            "TARGET_BITS": bits(max(q.size for q in plan.populations)),
        }  # fmt: skip
        self._events(d)
        self._potentials(d)
        code = rule.largest_code
        self |= {
            "CODE_BITS": bits(code), "SUM_BITS": bits(code * d.nodes), "WEIGHT_BASE": rule.weight_base,
            "WEIGHT_STEP": rule.weight_step, "BASE_THRESHOLD": BASE_THRESHOLD,
        }  # fmt: skip
        self._learning(d)
        self._readout(d)

    def _events(self, d: Design) -> None:
        inputs, populations = d.spreading
        plan = d.plan
        per_step = sum(plan.inputs[i][1] for i in inputs)
        per_step += sum(d.most_spikes(plan.populations[i]) for i in populations)
        fired = sum(d.most_spikes(p) for p in plan.populations)
        spans = sum(p.source_size for p in d.small)
        self |= {
            "SLOT_BITS": address(d.longest_delay + 2), "EVENT_ADDRESS": bits(per_step * (d.longest_delay + 1)),
            "FIRED_BITS": bits(fired), "TURN_BITS": max(bits(fired), self["POST_BITS"] + 1),
            "SPANS": max(spans, 1), "SPAN_ADDRESS": address(max(spans, 1)),
        }  # fmt: skip

    def _potentials(self, d: Design) -> None:
        plan, rule = d.plan, d.rule
        held, arriving, gates = 1, 1, 1
        for p in plan.populations:
            now = int(np.abs(d.neurons(p).potential.astype(np.int64)).max())
            held = max(held, min(max(largest_potential(plan, p), now), p.potential_limit))
            arriving = max(arriving, largest_arrival(plan, p))
            gate = np.abs(d.neurons(p).gate.astype(np.int64))
            gates = max(gates, int(gate[gate < AWAKE].max(initial=0)))
        gates = max(gates, *(abs(q.weight) for q in d.small if q.kind == "gating"), 1)
        threshold = max(largest_threshold(d.learner, d.nodes), BASE_THRESHOLD)
        floor = max(max(p.floor, 0) for p in plan.populations)
        self |= {
            "POTENTIAL_BITS": bits(held) + 1,
            "CURRENT_BITS": bits(max(arriving, d.nodes * -rule.weight_base)) + 1,
            "KICK_BITS": bits(max(p.kick for p in plan.populations)),
            "GATE_BITS": bits(gates + 1) + 1,
            "REWARD_BITS": bits(d.rewards) + 1,
            "THRESHOLD_BITS": bits(threshold),
            "WIDE_BITS": bits(max(held + arriving, floor) + threshold) + 2,
        }
        self["ARRIVAL_BITS"] = self["CURRENT_BITS"] + 1 + 2 * self["GATE_BITS"] + self["REWARD_BITS"]

    def _learning(self, d: Design) -> None:
        rule, n, plan = d.rule, d.nodes, d.plan
        described = plan.description.populations[d.learner.index]
        resource = described.resource_bits if d.learn else 2
        grain = rule.resource_grain
        limit = rule.resource_limit // grain if d.learn else 1
        window = max(rule.look_back + 1, 2) if d.learn else 1
        neurons = d.neurons(d.learner)
        debts = np.abs(neurons.debt.astype(np.int64)) // grain
        change = 2 * fixmul(rule.stability_rate, max(d.rewards, abs(rule.hebbian))) + 1
        largest = 2 * change * STEPS + int(np.abs(neurons.stability.astype(np.int64)).max(initial=0))
        stability = min(max(bits(largest) + 1, 32), 64)
        positive = max(rule.weight_top, 0) * n
        product = max(
            34, bits(abs(rule.hebbian)), bits(abs(rule.presynaptic)), bits(rule.stability_rate),
            bits(d.learner.alpha), bits(d.rewards) + 1, bits(positive), -(-(stability + Q + 1) // 2),
            -(-(self["THRESHOLD_BITS"] + Q + 1) // 2),
        )  # fmt: skip
        sharers = n + max(rule.virtual_synapses, 0)
        self |= {
            "WINDOW": window, "STAMP_BITS": bits(n + window + 2), "RESOURCE_BITS": resource,
            "RESOURCE_LIMIT": limit, "STEP_BITS": resource + 3, "LARGEST_STEP": 2 * limit + 1,
            "GRAIN_BITS": address(grain) if grain > 1 else 0, "HALF_GRAIN": grain // 2,
            "STOCHASTIC": int(rule.stochastic and grain > 1),
            "DEBT_BITS": max(bits(4 * n * limit + int(debts.max(initial=0))) + 1, resource + 3),
            "POSITIVE_BITS": bits(positive), "STABILITY_BITS": stability, "PRODUCT_BITS": product,
            "RENORMALISES": int(rule.virtual_synapses >= 0), "VIRTUAL": max(rule.virtual_synapses, 0),
            "SHARERS": sharers, "DUE_DEBT": max(ONE // grain, sharers),
            "ISI_MAX": rule.isi_max, "HEBBIAN_WINDOW": rule.hebbian_window, "DOPAMINE_WINDOW": rule.dopamine_window,
            "THREE_FACTOR": int(rule.three_factor), "STABILITY_THREE_FACTOR": int(rule.stability_three_factor),
            "PRESYNAPTIC_PERIOD": rule.presynaptic_period if rule.presynaptic else 0,
            "FACTORS": 4 * rule.isi_max + 2, "DISTANCE_BITS": address(4 * rule.isi_max + 2),
        }  # fmt: skip

    def _readout(self, d: Design) -> None:
        votes = d.votes or Votes(-1, 1, 0)
        deciding = d.plan.populations[votes.population] if d.votes else None
        classes, period, size = votes.classes, votes.period, deciding.size if deciding else 1
        self |= {
            "PERIOD": period, "CLASSES": classes, "CLASS_BITS": address(classes),
            "VOTE_BITS": bits(max(period, 1) * -(-size // classes)),
            "DECIDING": votes.population, "DECIDING_FIRST": deciding.start if deciding else 0,
        }  # fmt: skip


def registers(d: Design) -> dict[str, int]:
    """First values of the registers that can be written, as integers of 32 bits."""
    rule, rounding = d.rule, d.plan.rounding_keys(d.copy)
    return {
        "FREEZE": 0xFFFFFFFF,
        "ROUNDING_KEY": int(rounding[d.learner.index]) & 0xFFFFFFFF,
        "HEBBIAN_RATE": rule.hebbian,
        "STABILITY_HEBBIAN": fixmul(rule.stability_rate, rule.hebbian),
        "STABILITY_RATE": rule.stability_rate,
        "PRESYNAPTIC_RATE": rule.presynaptic,
        "THRESHOLD_FACTOR": d.learner.alpha,
    }


def _list(name: str, values: Iterable[int], width: int = 32) -> str:
    """A constant of many numbers; the first one has the lowest bits."""
    numbers = [int(v) & ((1 << width) - 1) for v in values] or [0]
    text = ", ".join(f"{width}'h{number:0{-(-width // 4)}x}" for number in reversed(numbers))
    return f"localparam [{len(numbers) * width - 1}:0] {name} = {{{text}}};"


def _populations(d: Design) -> list[str]:
    many = d.plan.populations
    kicks = d.plan.kick_keys(d.copy)
    return [
        _list("POPULATION_STOP", [p.stop for p in many]),
        _list("POPULATION_COLUMN", [p.column_size if p.winner_take_all else 0 for p in many]),
        _list("POPULATION_WINNER", [int(p.winner_take_all) for p in many], 1),
        _list("POPULATION_LEAK", [p.leak for p in many]),
        _list("POPULATION_BIAS", [p.bias for p in many]),
        _list("POPULATION_KICK", [p.kick for p in many]),
        _list("POPULATION_KICK_KEY", [int(key) for key in kicks]),
        _list("POPULATION_FLOOR", [p.floor for p in many]),
        _list("POPULATION_LIMIT", [p.potential_limit for p in many]),
        _list("POPULATION_CUT", [p.potential_step.bit_length() - 1 for p in many]),
        _list("POPULATION_SUBTRACT", [int(p.subtract) for p in many], 1),
        _list("POPULATION_RESET_PERIOD", [p.reset_period for p in many]),
        _list("POPULATION_RESET_PHASE", [p.reset_phase for p in many]),
        _list("POPULATION_SPREADS", [int(p.index in d.spreading[1]) for p in many], 1),
    ]


def _projections(d: Design) -> list[str]:
    kinds = [_kind(p.kind, p.weight) for p in d.small]
    spans = np.cumsum([0, *(p.source_size for p in d.small)])
    sources = [d.first_source(p) for p in d.small]
    return [
        _list("PROJECTION_SOURCE", sources),
        _list("PROJECTION_SOURCE_STOP", [s + p.source_size for s, p in zip(sources, d.small, strict=True)]),
        _list("PROJECTION_DELAY", [delay_of(p) for p in d.small]),
        _list("PROJECTION_KIND", kinds, 2),
        _list("PROJECTION_WEIGHT", [p.weight for p in d.small]),
        _list("PROJECTION_TARGET", [d.plan.populations[p.target].start for p in d.small]),
        _list("PROJECTION_SPAN", [int(s) for s in spans[:-1]]),
    ]


def _kind(kind: str, weight: int) -> int:
    if kind == "gating":
        return KINDS.index("WAKE" if weight > 0 else "SLEEP")
    return KINDS.index(kind.upper())


def _scalar(name: str, value: int) -> str:
    return f"localparam signed [31:0] {name} = {value};"


def header(d: Design, widths: Widths) -> str:
    """The text of network.vh."""
    size = d.plan.populations[d.votes.population].size if d.votes else 0
    classes = d.votes.label(np.arange(size), size) if d.votes else [0]
    inputs = range(len(d.plan.inputs))
    stops = [d.first_nodes[i] + d.plan.inputs[i][1] for i in inputs]
    parts = {
        "Sizes and widths": [_scalar(name, value) for name, value in widths.items()],
        "Inputs: nodes": [
            _list("INPUT_FIRST", d.first_nodes),
            _list("INPUT_STOP", stops),
            _list("INPUT_SPREADS", [int(i in d.spreading[0]) for i in inputs], 1),
        ],
        "Populations: " + ", ".join(p.name for p in d.plan.populations): _populations(d),
        "Projections: " + (", ".join(p.name for p in d.small) or "none"): _projections(d),
        "Readout: class of each neuron": [_list("DECIDING_CLASS", classes)],
        "Registers at the start": [
            f"localparam [31:0] {name} = 32'h{value & 0xFFFFFFFF:08x};" for name, value in registers(d).items()
        ] + [f"localparam [31:0] IDENTITY = 32'h{IDENTITY:08x};"],
        "Names": [
            *(f"localparam [1:0] KIND_{name} = {i};" for i, name in enumerate(KINDS)),
            *(f"localparam [1:0] SELECT_{name} = {i};" for i, name in enumerate(SELECTS)),
            *(f"localparam [3:0] REGION_{name.upper()} = {i};" for i, name in enumerate(REGIONS)),
            f'localparam CODE_FILE = "{"" if d.load else "code.mem"}";',
        ],
    }  # fmt: skip
    lines = [f"// Parameters of a core, made by colanet {__version__}. Potentials in 1/1000, rates in 2^-20."]
    for title, text in parts.items():
        lines += ["", f"// {_plain(title)}", *text]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """A text on one line of ASCII."""
    return "".join(c if " " <= c <= "~" else "?" for c in text).rstrip("\\")
