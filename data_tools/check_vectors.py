"""Reads what `colanet export --format vectors` wrote, and computes every population from its inputs and weights.

Usage: python check_vectors.py FOLDER. It needs nothing but Python. Vectors with learning are refused.
"""

import json
import sys
from pathlib import Path


def words(folder, manifest, what, of, when):
    """The numbers of one memory file, and how it is described."""
    told = next(f for f in manifest["files"] if (f["what"], f["of"], f["when"]) == (what, of, when))
    read = [int(line, 16) for line in (folder / told["file"]).read_text().split()]
    top = 1 << told["width"]
    return [(w - top if told["signed"] and 2 * w >= top else w) * told["scale"] for w in read]


def arrivals(folder, m, population):
    """For every step, what the fixed and plastic projections bring to each neuron, if it is awake."""
    sums = [[0] * population["size"] for _ in range(m["steps"])]
    for q in m["projections"]:
        if q["target"] != population["name"] or q["kind"] not in ("fixed", "plastic"):
            continue
        pre, post, delay = (words(folder, m, what, q["name"], "constant") for what in ("pre", "post", "delay"))
        plastic = q["kind"] == "plastic"
        weight = words(folder, m, "weight", q["name"], "before") if plastic else [q["weight"]] * len(pre)
        rows = [[] for _ in range(q["source_size"])]
        for i, source in enumerate(pre):
            rows[source].append((post[i], delay[i], weight[i]))
        now = words(folder, m, "spikes", q["source"], "step")
        past = [0] * m["history"] if q["from_input"] else words(folder, m, "spikes", q["source"], "before")
        for t in range(-30, m["steps"]):  # the longest delay
            fired = now[t] if t >= 0 else past[(m["first_step"] + t) % m["history"]]
            for source in (i for i in range(q["source_size"]) if fired >> i & 1):
                for target, lag, w in rows[source]:
                    if 0 <= t + lag < m["steps"]:
                        sums[t + lag][target] += w
    return sums


def check(folder, m, p):
    """Leak, kick, integrate, fire (docs/model.md, 5 and 6); AssertionError at the first difference."""
    if m["learn"] or p["ramp_period"] or p["memory_period"]:
        raise SystemExit(f"{p['name']}: learning, ramps of the threshold and memory are beyond this example")
    n, steps, cut = p["size"], range(m["steps"]), p["potential_step"]
    want, spikes = (words(folder, m, what, p["name"], "step") for what in ("potential", "spikes"))
    gate = words(folder, m, "gate", p["name"], "step") if p["gated"] else [1] * n * len(steps)
    kick = words(folder, m, "kick", p["name"], "step") if p["kick"] else [0] * n * len(steps)
    u, threshold = (words(folder, m, what, p["name"], "before") for what in ("potential", "threshold"))
    held = lambda v: (min(abs(v), p["potential_limit"]) // cut * cut) * (1 if v > 0 else -1)  # noqa: E731
    for t, current in zip(steps, arrivals(folder, m, p), strict=True):
        reset = p["reset_period"] and (m["first_step"] + t) % p["reset_period"] == p["reset_phase"]
        awake = [gate[t * n + i] > 0 for i in range(n)]
        for i in range(n):
            leaked = (abs(u[i]) * p["leak"] >> m["constants"]["leak_bits"]) * (1 if u[i] > 0 else -1)
            total = leaked + p["bias"] + kick[t * n + i] + awake[i] * current[i]
            u[i] = 0 if reset else held(max(total, p["floor"]))
        over = [i for i in range(n) if awake[i] and u[i] > threshold[i]]
        if p["winner_take_all"]:
            best = {}
            for i in sorted(over, key=lambda i: (u[i] - threshold[i], -i)):
                best[i // p["column_size"]] = i
            over = best.values()
        for i in over:
            u[i] = held(u[i] - threshold[i]) if p["subtract"] else 0
        assert (sum(1 << i for i in over), u) == (spikes[t], want[t * n : t * n + n]), (p["name"], "step", t)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    read = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    for population in read["populations"]:
        check(place, read, population)
        fired = sum(read["spikes_of_neurons"][population["name"]])
        print(f"{population['name']}: {read['steps']} steps equal, {fired} spikes")
