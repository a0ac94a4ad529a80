"""Why an image was answered as it was: who fired, who silenced whom, who came close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from colanet.errors import ConfigError
from colanet.plan import Plan, ProjectionPlan
from colanet.report.charts import axis, numbers
from colanet.report.parts import Chart, Decision
from colanet.report.replay import Shown
from colanet.report.trace import Trace

KINDS = ("wrong", "unanswered", "right")
MOST_LINES = 40
"""Of a story."""
MOST_NAMES = 12
"""Neurons that are named one by one."""
CURVES = 6
"""Neurons whose potentials are drawn."""


def kind_of(answer: int, label: int) -> str:
    """`right`, `wrong` or `unanswered`. Silence is right for an image without a class."""
    return "right" if answer == label else "unanswered" if answer < 0 else "wrong"


def chosen(shown: Shown, each: int, wanted: Sequence[int] = ()) -> list[int]:
    """Images to explain, from 0 among those shown: the wanted ones, then the first `each` of every kind.

    Raises
    ------
    ConfigError
        If a wanted one was not shown.
    """
    for image in wanted:
        if not shown.first <= image < shown.first + shown.n:
            last = shown.first + shown.n - 1
            raise ConfigError(f"--image {image}: expected {shown.first}..{last}, the test images shown again")
    kinds = np.array([kind_of(a, b) for a, b in zip(shown.answers.tolist(), shown.labels.tolist(), strict=True)])
    found = [image - shown.first for image in wanted]
    for kind in KINDS:
        found += np.flatnonzero(kinds == kind)[:each].tolist()
    return list(dict.fromkeys(found))


def explained(
    shown: Shown, images: Sequence[int], copy: int, watch: Callable[[int], None] | None = None
) -> list[Decision]:
    """The decisions about some of the images shown, in their order.

    Parameters
    ----------
    shown : Shown
    images : sequence of int
    copy : int
        Whose spikes and potentials are told: of this copy, or of the next one that answers as all together do.
    watch : callable or None
        Called with the number of images that are done.
    """
    told: dict[int, Decision] = {}
    copies = {image: shown.speaker(image, copy) for image in sorted(images)}
    for done, (image, traces) in enumerate(shown.traces(copies), 1):
        told[image] = _Story(shown, image, copies[image], traces).decision()
        if watch:
            watch(done)
    return [told[image] for image in images]


class _Story:
    """One image and what one copy did with it."""

    def __init__(self, shown: Shown, image: int, copy: int, traces: dict[str, Trace]) -> None:
        self.shown, self.image, self.copy, self.traces = shown, image, copy, traces
        self.plan: Plan = shown.session.plan
        self.label, self.answer = int(shown.labels[image]), int(shown.answers[image])
        self.learner = traces[shown.learner]

    def decision(self) -> Decision:
        kind, name = kind_of(self.answer, self.label), self.shown.class_name
        answered = "no answer" if self.answer < 0 else f"answer {name(self.answer)}"
        title = f"image {self.shown.first + self.image}: class {name(self.label)}, {answered}"
        charts = [self._potentials(), self._raster()]
        if self.shown.votes[self.image].any():
            charts.append(self._votes())
        return Decision(kind, title, self.shown.picture(self.image), self._facts(), self._lines(), charts)

    def named(self, trace: Trace, neuron: int) -> str:
        column = trace.column(neuron)
        wide = trace.population.column_size > 1
        return f"{trace.population.name} {neuron}" + (f" (column {column})" if wide and column >= 0 else "")

    # ------------------------------------------------------------------------ facts

    def _facts(self) -> list[tuple[str, str]]:
        name, votes = self.shown.class_name, self.shown.votes[self.image]
        facts = [("class", name(self.label)), ("answer", name(self.answer))]
        stored = int(self.shown.stored[self.image])
        if stored != self.answer:
            facts.append(("answer in the run", name(stored)))
        told = [f"{name(i)}: {votes[i]:g}" for i in np.argsort(-votes, kind="stable") if votes[i]]
        equal = np.count_nonzero(votes == votes.max()) > 1 and votes.any()
        tie = "; equal, so the lower class" if equal and self.answer == votes.argmax() else ""
        facts.append(("evidence, all copies", (", ".join(told[:5]) or "none") + tie))
        if len(votes) and self.plan.copies > 1:
            own = self.shown.own_votes(self.copy)[self.image]
            told = [f"{name(i)}: {own[i]:g}" for i in np.argsort(-own, kind="stable") if own[i]]
            facts.append((f"spikes of {self.shown.deciding}, copy {self.copy}", ", ".join(told[:5]) or "none"))
        nearest = self._nearest(None)
        if not self.learner.fired.any() and nearest:
            facts.append(("nearest to its threshold", nearest))
        if 0 <= self.label != self.answer:
            nearest = self._nearest(self.label)
            if nearest:
                facts.append(("nearest in the column of the class", nearest))
        return facts

    def _nearest(self, column: int | None) -> str | None:
        """The neuron with the largest excess while awake, in a column if there are as many as classes."""
        excess = np.where(self.learner.awake, self.learner.excess, -np.inf)
        if column is not None:
            if self.learner.population.columns != self.shown.votes.shape[1]:
                return None
            size = self.learner.population.column_size
            outside = np.ones(excess.shape[1], dtype=bool)
            outside[column * size : (column + 1) * size] = False
            excess[:, outside] = -np.inf
        step, neuron = np.unravel_index(int(excess.argmax()), excess.shape)
        if not np.isfinite(excess[step, neuron]):
            return None
        potential, threshold = self.learner.potential[step, neuron], self.learner.threshold[step, neuron]
        fired = ", it fired" if self.learner.fired[step, neuron] else ""
        return f"{self.named(self.learner, int(neuron))}, step {step}: {potential:.2f} of {threshold:.2f}{fired}"

    # ------------------------------------------------------------------------ story

    def _lines(self) -> list[tuple[str, str]]:
        lines = [line for step in range(self.shown.period) for line in self._step(step)]
        if len(lines) > MOST_LINES:
            lines = [*lines[:MOST_LINES], ("", f"and {len(lines) - MOST_LINES} more lines")]
        return lines or [("", "No neuron fired.")]

    def _step(self, step: int) -> Iterator[tuple[str, str]]:
        for trace in self.traces.values():
            fired = np.flatnonzero(trace.fired[step]).tolist()
            if len(fired) > MOST_NAMES:
                yield f"step {step}", f"{len(fired)} neurons of {trace.population.name} fired."
                continue
            for neuron in fired:
                potential, threshold = trace.potential[step, neuron], trace.threshold[step, neuron]
                text = f"{self.named(trace, neuron)} fired: potential {potential:.2f}, threshold {threshold:.2f}."
                text += self._beaten(trace, step, neuron) + "".join(self._silenced(trace, neuron))
                yield f"step {step}", text

    def _beaten(self, trace: Trace, step: int, neuron: int) -> str:
        """Those of the column that were above their thresholds too and lost."""
        p = trace.population
        if not p.winner_take_all:
            return ""
        first = trace.column(neuron) * p.column_size
        ready = trace.awake[step] & (trace.excess[step] > 0)
        losers = [i for i in range(first, first + p.column_size) if ready[i] and i != neuron]
        if not losers:
            return ""
        return f" It won over {p.name} {ranges(losers)}, whose excess was not larger."

    def _silenced(self, trace: Trace, neuron: int) -> Iterator[str]:
        """Whom a spike of a neuron puts to sleep."""
        for projection in self.plan.projections:
            if projection.from_input or projection.source != trace.population.index or not silences(projection):
                continue
            synapses = self.plan.synapses(projection.index, self.copy)
            own = synapses.pre == neuron
            by_delay: dict[int, list[int]] = defaultdict(list)
            for post, delay in zip(synapses.post[own].tolist(), synapses.delay[own].tolist(), strict=True):
                by_delay[delay].append(post)
            target = self.plan.populations[projection.target].name
            for delay, posts in sorted(by_delay.items()):
                yield f" It silences {target} {ranges(posts)} after {delay} ms, for {-projection.weight} ms."

    # ----------------------------------------------------------------------- charts

    def _votes(self) -> Chart:
        votes = self.shown.votes[self.image]
        names = [self.shown.class_name(i) for i in range(len(votes))]
        marks = ["var(--c1)" if i == self.answer != self.label else "var(--c2)" if i == self.label else "var(--c4)"
                 for i in range(len(votes))]  # fmt: skip
        data = [{"type": "bar", "x": names, "y": numbers(votes), "marker": {"color": marks}}]
        layout = {"xaxis": axis("class", type="category"), "yaxis": axis("evidence"), "bargap": 0.3}
        caption = "Evidence for each class, all copies; green: the true class"
        return Chart(caption, {"data": data, "layout": layout}, 240)

    def _potentials(self) -> Chart:
        trace, steps = self.learner, list(range(self.shown.period))
        data: list[dict[str, Any]] = []
        for i, neuron in enumerate(self._drawn()):
            common = {"type": "scatter", "x": steps, "legendgroup": str(neuron), "name": self.named(trace, neuron)}
            colour = f"var(--c{i % 6})"
            fired, awake = trace.fired[:, neuron], trace.awake[:, neuron]
            signs = np.where(fired, "star", np.where(awake, "circle", "circle-open"))
            sizes = np.where(fired, 12, 6)
            data.append(common | {
                "y": numbers(trace.potential[:, neuron], 3), "mode": "lines+markers", "line": {"color": colour},
                "marker": {"symbol": signs.tolist(), "size": sizes.tolist(), "color": colour, "opacity": 1,
                           "line": {"width": 1, "color": colour}},
            })  # fmt: skip
            data.append(common | {
                "y": numbers(trace.threshold[:, neuron], 3), "mode": "lines", "showlegend": False,
                "line": {"color": colour, "dash": "dash", "width": 1},
            })  # fmt: skip
        layout = {"xaxis": axis("step (ms)"), "yaxis": axis("potential"), "showlegend": True}
        what = f"Potential (lines) against threshold (dashed) in {trace.population.name}"
        caption = f"{what}; star: fires; open: asleep"
        return Chart(caption, {"data": data, "layout": layout}, 380)

    def _drawn(self) -> list[int]:
        """Neurons whose potentials are drawn: those that fired or came nearest, two of the true column among."""
        awake = np.where(self.learner.awake, self.learner.excess, -np.inf).max(axis=0)
        rank = np.where(self.learner.fired.any(axis=0), np.inf, awake)
        order = np.argsort(-rank, kind="stable")
        first = order[: CURVES - 2].tolist()
        size = self.learner.population.column_size
        own = [n for n in order.tolist() if size and n // size == self.label and n not in first]
        others = [n for n in order.tolist() if n not in first and n not in own[:2]]
        drawn: list[int] = [*first, *own[:2], *others]
        return drawn[:CURVES]

    def _raster(self) -> Chart:
        data: list[dict[str, Any]] = []
        notes: list[dict[str, Any]] = []
        sizes = dict(self.plan.inputs) | {p.name: p.size for p in self.plan.populations}
        begin = self.image * self.shown.period
        names = [name for name in sizes if name in self.traces or self._input(name).size]
        shares = np.array([max(sizes[name], 1) ** 0.35 + 1 for name in names])
        ends = 1 - np.concatenate([[0], np.cumsum(shares / shares.sum())])
        last = f"y{len(names)}" if len(names) > 1 else "y"
        layout: dict[str, Any] = {
            "xaxis": axis("step (ms)", range=[-0.5, self.shown.period - 0.5], anchor=last),
            "margin": {"l": 84, "r": 12, "t": 12, "b": 44}, "showlegend": False, "annotations": notes,
        }  # fmt: skip
        for i, name in enumerate(names):
            if name in self.traces:
                step, neuron = np.nonzero(self.traces[name].fired)
            else:
                rows = self._input(name)
                step, neuron = rows[:, 0] - begin, rows[:, 1]
            tail = "" if i == 0 else str(i + 1)
            data.append({
                "type": "scatter", "mode": "markers", "x": step.tolist(), "y": neuron.tolist(), "name": name,
                "yaxis": f"y{tail}", "marker": {"symbol": "square", "size": 4 if sizes[name] > 200 else 6},
                "hovertemplate": f"{name} %{{y}}, step %{{x}}<extra></extra>",
            })  # fmt: skip
            low, high = max(float(ends[i + 1]), 0.0) + 0.015, float(ends[i])
            layout[f"yaxis{tail}"] = axis(
                "", domain=[low, high], range=[sizes[name] - 0.5, -0.5], showticklabels=False, showgrid=False,
                showline=True, ticks="",
            )  # fmt: skip
            notes.append({"text": name, "xref": "paper", "x": -0.015, "xanchor": "right", "yref": "paper",
                          "y": (low + high) / 2, "yanchor": "middle", "showarrow": False})  # fmt: skip
        caption = f"Spikes of copy {self.copy} while the image is shown"
        return Chart(caption, {"data": data, "layout": layout}, 460)

    def _input(self, name: str) -> np.ndarray:
        begin = self.image * self.shown.period
        rows = self.shown.spikes(name, 0)
        return rows[(rows[:, 0] >= begin) & (rows[:, 0] < begin + self.shown.period)]


def silences(projection: ProjectionPlan) -> bool:
    """Whether spikes of a projection put neurons to sleep."""
    return projection.kind == "gating" and projection.weight < 0


def ranges(numbers_: Sequence[int]) -> str:
    """Whole numbers as ranges: 1–3, 5."""
    found: list[list[int]] = []
    for n in sorted(numbers_):
        if found and n == found[-1][1] + 1:
            found[-1][1] = n
        else:
            found.append([n, n])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in found)
