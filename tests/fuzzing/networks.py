"""Networks drawn at random, under inputs of every kind: every engine gives the same bits after every chunk."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from colanet.config.model import Network
from colanet.datasets.patterns import generate
from colanet.engine.base import digest
from colanet.engine.cuda.shim import ShimBackend
from colanet.engine.cupy_engine import CupyEngine
from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.reference import ReferenceEngine
from colanet.errors import BackendUnavailable, ColanetError
from colanet.plan import Plan, build
from colanet.readout import READOUTS
from colanet.session import Recording, Session
from tests.engine import engines
from tests.engine.networks import maybe, networks, random_input, votes_of
from tests.fuzzing.hunt import Found

Maker = Callable[[Plan, int], Any]
STOP = 240
GPU_EVERY = 20
"""Of so many networks one runs on the CUDA kernels too, which are compiled for each."""

TOLD_EVERY = 100
"""Networks between two lines about how far a campaign is."""

SHRINK = True
"""Whether a network that is a finding is made small."""


def _shim(plan: Plan, threads: int) -> CupyEngine:
    return CupyEngine(plan, backend=ShimBackend("shuffled"))


def makers(number: int) -> list[Maker]:
    """The engines that network `number` runs on, the reference first."""
    found: list[Maker] = [ReferenceEngine, NumbaEngine]
    if number % GPU_EVERY == GPU_EVERY - 1 and engines.missing("cuda-on-cpu") is None:
        found.append(_shim)
    return found


def same(states: list[dict[str, np.ndarray]], where: str) -> None:
    """AssertionError that names the arrays in which states differ."""
    first = states[0]
    for other in states[1:]:
        assert first.keys() == other.keys(), where
        differ = [key for key in first if not np.array_equal(first[key], other[key])]
        assert not differ, f"{where}: engines differ in {differ}"


# -------------------------------------------------------------- engines alone


def check_engines(network: Network, seed: int, cuts: list[int], freeze: int, threads: int, number: int) -> None:
    """Run with spikes drawn at random, and compare states, spikes, votes and records after every chunk."""
    plan = build(network, seed=seed)
    inputs = random_input(plan, STOP, seed)
    made = [make(plan, threads) for make in makers(number)]
    for start, stop in pairwise([0, *sorted(cuts), STOP]):
        options = {"freeze": freeze, "votes": votes_of(plan), "record": range(len(plan.populations))}
        parts = [engine.run(inputs, start, stop, **options) for engine in made]
        same([engine.state() for engine in made], f"step {stop}")
        for part in parts[1:]:
            np.testing.assert_array_equal(part.spikes, parts[0].spikes)
            np.testing.assert_array_equal(part.votes, parts[0].votes)
            assert part.synaptic_events == parts[0].synaptic_events
            for left, right in zip(part.records, parts[0].records, strict=True):
                np.testing.assert_array_equal(left, right)
    assert len({digest(engine.state(), STOP) for engine in made}) == 1


# ---------------------------------------------------- with inputs of every kind

LENGTH, PERIOD, SIDE = 30, 12, 8
"""Records or images in a file, steps of each, pixels of a side."""


@st.composite
def sources(draw) -> dict[str, Any]:
    """What input R is, of any kind that colanet itself reads."""
    kind = draw(st.sampled_from(["noise", "text", "binary", "text_values", "image", "features"]))
    values: dict[str, Any] = {
        "name": "R", "kind": kind, "size": draw(st.integers(1, 70)),
        "noise": draw(maybe(st.sampled_from([0.02, 0.3]), 0.0)),
        "pacemaker_period": draw(maybe(st.integers(1, 40), None)), "steps": draw(st.sampled_from([200, STOP])),
        "mode": draw(st.sampled_from(["once", "repetitive", "endless"])),
        "skip": draw(st.sampled_from([0, 0, 1, 7])),
    }  # fmt: skip
    shown = draw(maybe(st.integers(1, PERIOD), None))
    if kind == "noise":
        return values | {"mode": "once", "skip": 0}
    if kind in ("text", "binary"):
        return values | {"source": f"rows.{kind}"}
    if kind == "text_values":
        saturation = draw(st.sampled_from([0.5, 1.0, 3.0]))
        values |= {"source": "values.csv", "saturation": saturation, "period": PERIOD}
        return values | {"presentation": shown}
    values |= {
        "kind": "image", "size": None, "source": "images.bin", "shape": (SIDE, SIDE, 1), "period": PERIOD,
        "presentation": shown, "max_rate": draw(st.sampled_from([1.0, 0.3])),
        "coding": draw(st.sampled_from(["integrate", "poisson", "regular"])),
    }  # fmt: skip
    if kind == "features":
        values["features"] = {
            "prototypes": draw(st.sampled_from([4, 6])), "patch": 3, "pool": draw(st.sampled_from([2, 3])),
            "active": draw(st.integers(1, 2)), "threshold": draw(st.sampled_from([0.1, 0.6])), "patches": 200,
        }  # fmt: skip
    return values


@st.composite
def targets(draw) -> dict[str, Any]:
    """What input T is: noise, or labels of objects or states."""
    kind = draw(st.sampled_from(["noise", "object_target", "object_target", "state_target"]))
    if kind == "noise":
        return {"name": "T", "kind": kind, "size": draw(st.integers(1, 6)), "noise": 0.1, "steps": STOP}
    return {
        "name": "T", "kind": kind, "size": 2, "target_file": "labels.txt", "period": PERIOD, "no_class": "-",
        "learning_time": PERIOD * draw(st.integers(0, 18)), "spike_period": draw(maybe(st.integers(1, 5), None)),
        "label_step": draw(maybe(st.integers(0, PERIOD - 1), None)),
    }  # fmt: skip


@st.composite
def whole_networks(draw) -> Network:
    """A network of `tests.engine.networks` under inputs of any kind, perhaps with a readout."""
    values = draw(networks()).model_dump(mode="python", exclude_unset=True)
    values["inputs"] = [draw(sources()), draw(targets())]
    first = values["populations"][0]
    if values["inputs"][1]["kind"] != "noise" and first["size"] % 2 == 0:
        kind = values["inputs"][1]["kind"].partition("_")[0]
        rule = draw(st.sampled_from(READOUTS.names()))
        values["readout"] = {"kind": kind, "population": first["name"], "rule": rule}
    try:
        return Network.model_validate(values)
    except ValueError:
        reject()


def write_files(network: Network, folder: Path, seed: int) -> None:
    """The files that inputs of `sources` and `targets` name."""
    chance = np.random.default_rng(seed)
    size = network.inputs[0].size or 1
    rows = chance.random((10 * LENGTH, size)) < 0.15
    signs = np.where(rows, "@", ".")
    (folder / "rows.text").write_text("\n".join("".join(row) for row in signs) + "\n")
    padded = np.zeros((len(rows), -(-size // 64) * 64), bool)
    padded[:, :size] = rows
    (folder / "rows.binary").write_bytes(np.packbits(padded, axis=1, bitorder="little").tobytes())
    values = chance.random((LENGTH, size)).round(3)
    (folder / "values.csv").write_text("\n".join(",".join(map(str, row)) for row in values.tolist()) + "\n")
    pictures = generate(LENGTH, seed % 1000)[0].reshape(LENGTH, 31, 31)[:, :SIDE, :SIDE]
    pictures = pictures ^ chance.integers(0, 99, pictures.shape, np.uint8)
    (folder / "images.bin").write_bytes(pictures.tobytes())
    (folder / "labels.txt").write_text("".join(chance.choice(["0\n", "1\n", "-\n"], LENGTH)))


def check_sessions(network: Network, seed: int, chunks: list[int], number: int) -> None:
    """Run with the inputs that the network names, a chunk length an engine; all that comes out must agree."""
    with tempfile.TemporaryDirectory() as name:
        write_files(network, Path(name), seed)
        made = []
        for make, chunk in zip(makers(number), chunks, strict=False):
            try:
                one = Session(
                    network, base_dir=name, seed=seed, threads=2, chunk_steps=chunk, recording=Recording(),
                    engine=lambda plan, threads, make=make: make(plan, threads),
                )  # fmt: skip
            except BackendUnavailable:
                raise
            except ColanetError:  # refused alike by all
                reject()
            made.append(one)
        for stop in (60, STOP):
            for one in made:
                one.run(min(stop, one.default_stop))
            same([one.engine.state() for one in made], f"step {stop}")
        first = made[0]
        for other in made[1:]:
            np.testing.assert_array_equal(first.tally.votes, other.tally.votes)
            np.testing.assert_array_equal(first.tally.spikes, other.tally.spikes)
            assert first.tally.events == other.tally.events
            for key in first.tally.records:
                copy, section = key.split("/")
                np.testing.assert_array_equal(first.spikes(section, int(copy)), other.spikes(section, int(copy)))


# ------------------------------------------------------------------- campaigns


def _drawn(test: Callable[..., None], count: int, seed: int, *strategies: Any) -> None:
    options = settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if SHRINK else [Phase.generate],
    )  # fmt: skip
    seeded(seed)(options(given(*strategies)(test)))()


def _quiet(ran: int) -> None:
    pass


def draw_engines(count: int, seed: int, tell: Callable[[int], None] = _quiet) -> int:
    """Networks with spikes drawn at random; how many ran. AssertionError with the smallest that differs."""
    ran = 0

    def test(network: Network, of: int, cuts: list[int], last: int, threads: int) -> None:
        nonlocal ran
        check_engines(network, of, cuts, STOP - last, threads, ran)
        ran += 1
        tell(ran)

    cuts = st.lists(st.integers(1, STOP - 1), max_size=4, unique=True)
    _drawn(test, count, seed, networks(), st.integers(0, 2**32), cuts, st.integers(0, 60), st.integers(1, 2))
    return ran


def draw_sessions(count: int, seed: int, tell: Callable[[int], None] = _quiet) -> int:
    """Networks with inputs of every kind; how many ran. AssertionError with the smallest that differs."""
    ran = 0

    def test(network: Network, of: int, chunks: list[int]) -> None:
        nonlocal ran
        check_sessions(network, of, chunks, ran)
        ran += 1
        tell(ran)

    chunks = st.lists(st.sampled_from([1, 7, 50, 4096]), min_size=3, max_size=3)
    _drawn(test, count, seed, whole_networks(), st.integers(0, 2**32), chunks)
    return ran


def campaign(count: int, seed: int, say: Callable[[str], None] = lambda text: None) -> Found:
    """Half of the networks with drawn spikes, half with inputs of every kind; says how far it is."""
    began, found = time.monotonic(), Found()
    for part, number in ((draw_engines, count - count // 2), (draw_sessions, count // 2)):
        def tell(ran: int, before: int = found.inputs) -> None:
            if ran % TOLD_EVERY == 0:
                say(f"{before + ran} of {count} networks")

        try:
            found.inputs += part(number, seed, tell)
        except AssertionError as error:
            notes = " ".join(getattr(error, "__notes__", []))
            found.findings.append(" ".join(f"{part.__name__}: {error} {notes}".split()))
    found.seconds = time.monotonic() - began
    return found
