"""A network that runs from the tables of the format `csv` alone: plain Python after docs/model.md, no learning."""

import csv
from collections import defaultdict

M = (1 << 64) - 1
G = 0x9E3779B97F4A7C15


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return z ^ z >> 31


def draw16(key, step, i):
    at_step = mix(key + step * G + G & M)
    return mix(at_step + (i >> 2) * G + G & M) >> 16 * (i & 3) & 0xFFFF


def jenkins(a):
    cut = 2**32 - 1
    a = (a + 0x7ED55D16) + (a << 12) & cut
    a = (a ^ 0xC761C23C) ^ (a >> 19)
    a = (a + 0x165667B1) + (a << 5) & cut
    a = (a + 0xD3A2646C & cut) ^ (a << 9 & cut)
    a = (a + 0xFD7046C5) + (a << 3) & cut
    return (a ^ 0xB55A4F09) ^ (a >> 16)


def draw16_32(key, step, i):
    at_step = jenkins(key + step & 2**32 - 1)
    return jenkins(at_step + (i >> 1) & 2**32 - 1) >> 16 * (i & 1) & 0xFFFF


def held(p, potential):
    size = min(abs(potential), p["potential_limit"]) // p["potential_step"] * p["potential_step"]
    return size if potential >= 0 else -size


def rows(path):
    """Rows as dicts, their columns without units."""
    with open(path, encoding="utf-8", newline="") as file:
        read = csv.reader(file)
        names = [name.split(" [")[0] for name in next(read)]
        return [dict(zip(names, row, strict=True)) for row in read]


class Tables:
    """State and step of one copy, read from its folder."""

    def __init__(self, folder):
        told = defaultdict(lambda: defaultdict(dict))
        for row in rows(folder / "constants.csv"):
            value = row["value"]
            told[row["of"]][row["name"]][row["constant"]] = value if row["unit"] == "" else int(value)
        self.network = told["network"][""]
        self.populations, self.projections = told["population"], told["projection"]
        self.by_index = {p["index"]: name for name, p in self.populations.items()}
        self.neurons = defaultdict(list)
        for row in rows(folder / "neurons.csv"):
            kept = {k: int(v) if v else None for k, v in row.items() if k != "population"}
            self.neurons[row["population"]].append(kept)
        for name, neurons in self.neurons.items():
            p = self.populations[name]
            for n in neurons:  # the threshold of the moment has the ramp in it
                n["threshold"] -= self.ramp(p, n)
        self.synapses = defaultdict(lambda: defaultdict(list))
        for row in rows(folder / "synapses.csv"):
            links = self.synapses[row["projection"]][int(row["delay"])]
            links.append((int(row["pre"]), int(row["post"]), int(row["weight"])))
        self.t = self.network["step"]
        self.past = defaultdict(set)
        for row in rows(folder / "spikes.csv"):
            self.past[row["population"], int(row["step"])].add(int(row["index"]))

    def ramp(self, p, n):
        return n["ramp"] * p["ramp_increment"] // p["ramp_period"] if p["ramp_period"] else 0

    def step(self, inputs):
        """One step; `inputs(number, step)` gives the nodes that spike. The neurons that fire, by population."""
        now = defaultdict(int)
        for name, q in self.projections.items():
            target = self.by_index[q["target"]]
            for delay, links in self.synapses[name].items():
                at = self.t - delay
                source = q["source"]
                spiked = set(inputs(source, at)) if q["from_input"] else self.past[self.by_index[source], at]
                for pre, post, weight in links:
                    if pre in spiked:
                        self.arrive(now, q["kind"], (target, post), weight)
        fired = {name: self.advance(name, p, now) for name, p in self.populations.items()}
        for name, neurons in fired.items():
            self.past[name, self.t] = set(neurons)
        self.t += 1
        return fired

    def arrive(self, now, kind, to, weight):
        if kind in ("plastic", "fixed"):
            now[("current", *to)] += weight
        elif kind == "gating" and weight > 0:
            now[("wake", *to)] = max(now[("wake", *to)], weight)
        elif kind == "gating":
            now[("sleep", *to)] = min(now[("sleep", *to)], weight)

    def advance(self, name, p, now):
        ready = []
        for i, n in enumerate(self.neurons[name]):
            awake = self.gate(n, now["wake", name, i], now["sleep", name, i])
            kicked = self.leak(p, n, i)
            total = n["potential"] + (now["current", name, i] if awake else 0)
            n["potential"] = held(p, max(total, p["floor"]))
            if p["reset_period"] and self.t % p["reset_period"] == p["reset_phase"]:
                n["potential"] = 0
            n["ramp"] = max(n["ramp"] - 1, 0)
            excess = n["potential"] - n["threshold"] - self.ramp(p, n)
            if awake and excess > 0:
                ready.append((i, n, excess, kicked))
        if p["winner_take_all"]:
            best = {}
            for one in ready:
                column = one[1]["column"]
                if column not in best or one[2] > best[column][2]:
                    best[column] = one
            ready = list(best.values())
        for _, n, excess, kicked in ready:
            self.fire(p, n, excess, kicked)
        return sorted(i for i, *_ in ready)

    def gate(self, n, wake, sleep):
        a, forever = n["gate"], 1 << 30
        if a == -1:
            a = forever
        elif a < 0:
            a += 1
        elif 0 < a < forever:
            a -= 1
        a = max(a, wake) if wake else a
        n["gate"] = min(a, sleep) if sleep else a
        return n["gate"] > 0

    def leak(self, p, n, i):
        size = abs(n["potential"]) * p["leak"] >> 10
        n["potential"] = (size if n["potential"] >= 0 else -size) + p["bias"]
        if p["kick"]:
            draw = draw16_32 if p["jenkins"] else draw16
            n["potential"] += draw(p["kick_key"], self.t, i) * p["kick"] >> 16
        kicked = p["memory_period"] and n["memory_next"] == self.t and self.t <= n["memory_end"]
        if kicked:
            n["potential"] += self.network["memory_kick"]
            n["memory_next"] = self.t + p["memory_period"]
        return kicked

    def fire(self, p, n, excess, kicked):
        n["potential"] = held(p, excess) if p["subtract"] else 0
        if p["ramp_period"]:
            n["ramp"] += p["ramp_period"]
        if p["memory_period"]:
            n["memory_next"] = self.t + p["memory_period"]
            if not kicked:
                n["memory_end"] = min(self.t + n["memory"], 1 << 62)
