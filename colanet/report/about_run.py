"""What is said of the results of `colanet run`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import yaml

from colanet.report import charts
from colanet.report.fields import Neurons
from colanet.report.parts import Chart, Decision, Part, Section, Table
from colanet.report.read import Run


def percent(value: float | None) -> str:
    """A share in percent; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.2f} %"


def part_of(run: Run, neurons: Neurons | None, decisions: Sequence[Decision]) -> Part:
    """All that is said of a run."""
    sections = [_scores(run), *_learning(run), _fields(neurons)]
    if decisions:
        text = (
            f"The first {neurons.shown.n} test images were shown again to the saved network, without learning. "
            f"{_agreement(neurons)} Spikes and potentials are those of a copy that answered as all together did."
            if neurons and neurons.shown else ""
        )  # fmt: skip
        sections.append(Section("Decisions explained", text, decisions=decisions))
    if neurons:
        sections.append(Section("Distributions", f"Of copy {neurons.copy}, at the end.", charts=neurons.charts()))
    return Part(run.path.name, _text(run), [*sections, *described(run)])


def _text(run: Run) -> str:
    r = run.result
    return (
        f"{run.path}: {run.n_train} training images, {run.n_test} test images, {r.get('copies')} network copies, "
        f"seed {run.seed}."
    )


def _scores(run: Run) -> Section:
    r = run.result
    cards = [
        ("accuracy", percent(r.get("accuracy"))),
        ("unanswered", percent(r.get("unanswered"))),
        ("accuracy while learning", percent(r.get("train_accuracy"))),
        ("images × copies a second", f"{r.get('image_copies_per_second') or 0:,.0f}"),
    ]
    if r.get("criterion"):
        value = r.get("criterion_value")
        cards.append((str(r["criterion"]), f"{value:.4g}" if isinstance(value, int | float) else "–"))
    shown = []
    if run.confusion is not None:
        caption = "Confusion of the test images; colour: share of the class"
        shown.append(charts.confusion(caption, run.confusion, run.classes))
    return Section("Scores", cards=cards, charts=shown)


def _learning(run: Run) -> list[Section]:
    n = run.n_train
    if not n or len(run.answers) < n:
        return []
    chart = learning(run.answers[:n] == run.labels[:n], run.answers[:n] < 0)
    return [Section("Accuracy while learning", charts=[chart])]


def learning(right: np.ndarray, silent: np.ndarray) -> Chart:
    """How training images were answered before they were taught: of each whether rightly, whether not at all."""
    curves = {"right": charts.blocks(right), "unanswered": charts.blocks(silent)}
    size = curves["right"][0][0] if curves["right"][0] else 0
    return charts.lines(f"Answers given before an image is taught, in blocks of {size} images", curves,
                        "training images", "share (%)", low=0)  # fmt: skip


def _fields(neurons: Neurons | None) -> Section:
    if neurons is None:
        text = "Results hold no weights. Give the state that colanet run --save wrote, by --load STATE.h5."
        return Section("Receptive fields", text)
    text = f"Population {neurons.name} of copy {neurons.copy}. Point at a neuron to see it, click to keep it."
    return Section("Receptive fields", text, fields=neurons.mosaic())


def _agreement(neurons: Neurons) -> str:
    shown = neurons.shown
    assert shown is not None
    same = float(np.mean(shown.answers == shown.stored))
    told = percent(same).replace(" ", "\u00a0")
    return f"{told} of the answers are those of the run."


def described(run: Run) -> list[Section]:
    """Configuration, versions, speed, digests."""
    r = run.result
    speed = [
        ("engine", str(r.get("engine"))), ("threads", str(r.get("threads"))), ("steps", f"{r.get('steps'):,}"),
        ("seconds", f"{r.get('seconds') or 0:.2f}"),
        ("images × copies a second", f"{r.get('image_copies_per_second') or 0:,.0f}"),
        ("synaptic events a second", f"{r.get('synaptic_events_per_second') or 0:.3g}"),
    ]  # fmt: skip
    digests = [("final state", str(r.get("digest"))), *run.data.items()]
    tables = [
        Table("Speed", ("what", "value"), speed),
        Table("Versions", ("what", "version"), list(run.versions.items())),
        Table("Digests (SHA-256)", ("what", "digest"), digests),
    ]
    plain = yaml.safe_dump(run.configuration, sort_keys=False, default_flow_style=None, width=100)
    return [Section("Origin", tables=tables), Section("Configuration", plain, folded=True)]
