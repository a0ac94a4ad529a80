"""How trained networks degrade: dead synapses, dead neurons, noise on weights, noise on pixels.

    python -m experiments.robustness --data ../shared/data

Each network learns MNIST once a seed. Each damage is then done to the trained network, or to the test images, and
the network is tested, frozen. A rival, ridge regression on random features, is damaged in the same ways. States and
results of single runs lie in a folder of runs; what is there already is not done again. Writes robustness.md,
robustness.json and robustness.png to experiments/results.

Thresholds follow the weights, so dead synapses lower them. With `held_thresholds` they stay as they were before the
damage, as in a core that does not add up its weights again.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from colanet import config, datasets
from colanet.atomic import write_text
from colanet.checkpoints import saved
from colanet.config.model import ImageInput, Network
from colanet.continual.baselines.features import RandomFeatures
from colanet.continual.baselines.moments import Ridge
from colanet.continual.baselines.options import read_options, used
from colanet.continual.results import versions
from colanet.continual.running import Say
from colanet.continual.tables import read_record
from colanet.damage import Damage, noisy_pixels, salt_and_pepper
from colanet.damage.chance import NORMAL_Q, Draw, dead, key_of, normal
from colanet.encoding.arrays import present_arrays
from colanet.encoding.features import learnt_of, with_learnt
from colanet.engine.numba_engine import NumbaEngine
from colanet.errors import ConfigError
from colanet.locks import make_folder
from colanet.programs import run_safely
from colanet.session import Session
from colanet.viz import save
from experiments.robustness_report import LEVELS, as_markdown, picture

HERE = Path(__file__).parent
RIVAL = "ridge, 5,000 random features"
NETWORKS = (("mnist_one_450", 1), ("mnist_45_inhibited", 15), ("mnist_features", 1))
IMAGES = {"salt_and_pepper": salt_and_pepper, "noisy_pixels": noisy_pixels}
"""Kinds of noise on images."""
Pair = tuple[float, float]
"""Accuracy and share without an answer."""
Test = Callable[[str, float], Pair]
"""Accuracy with a kind of damage at a level."""


@dataclass(frozen=True)
class Options:
    """What is measured.

    Attributes
    ----------
    seeds : int
        How many, from 0; a seed is that of the network and of the damage.
    train, test : int or None
        Only the first so many images.
    features : int
        Random features of the rival.
    networks : tuple of (str, int)
        Configurations, and how many copies.
    threads : int or None
    data_dir : path or None
        Where to look for data sets first.
    runs, results : Path
        Folders of states with single results, and of tables.
    """

    seeds: int = 3
    train: int | None = None
    test: int | None = None
    features: int = 5000
    networks: tuple[tuple[str, int], ...] = NETWORKS
    threads: int | None = None
    data_dir: Path | None = None
    runs: Path = HERE / "runs" / "robustness"
    results: Path = HERE / "results"

    def command(self) -> str:
        """The command that gives the same results."""
        given = (("train", self.train), ("test", self.test))
        cuts = "".join(f" --{name} {value}" for name, value in given if value)
        features = "" if self.features == Options.features else f" --features {self.features}"
        return f"python -m experiments.robustness --seeds {self.seeds}{cuts}{features}"


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=Options.seeds, show_default=True, help="How many.")
@click.option("--train", type=click.IntRange(1), help="Only the first so many training images.")
@click.option("--test", type=click.IntRange(1), help="Only the first so many test images.")
@click.option("--features", type=click.IntRange(1), default=Options.features, show_default=True,
              help="Random features of the rival.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), help="Copies that run side by side.  [default: all cores]")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--runs", type=click.Path(path_type=Path), default=Options.runs, help="Folder of states.")
@click.option("--results", type=click.Path(path_type=Path), default=Options.results, help="Folder of results.")
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
def main(quiet: bool, **given: Any) -> None:
    """Measure how damage and noise lower the accuracy of trained networks."""
    say = (lambda text: None) if quiet else (lambda text: click.echo(text, err=True))
    click.echo(measure(Options(**given), say))


def measure(options: Options, say: Say) -> str:
    """Measure, write the results, and give the tables."""
    make_folder(options.runs)
    make_folder(options.results)
    parts = []
    for name, copies in options.networks:
        path = HERE.parent / "configs" / f"{name}.yaml"
        network = config.load(path).model_copy(update={"copies": copies})
        described = network.model_dump(mode="json")
        begin = functools.partial(trained, options, name, network)
        parts.append(repeated(options, f"{name}-{copies}", described, begin, say))
        parts[-1] |= {"name": label(name, copies), "copies": copies}
    rival = read_options("ridge", {"features": options.features})
    described = used("ridge", rival, 784, 10)
    parts.append(repeated(options, "ridge", described, functools.partial(taught, options), say))
    parts[-1] |= {"name": RIVAL, "copies": None}
    record = {"command": options.command(), "versions": versions(), "networks": parts}
    text = as_markdown(record)
    write_text(options.results / "robustness.json", json.dumps(record, indent=1) + "\n")
    write_text(options.results / "robustness.md", text)
    save(picture(record), options.results / "robustness.png")
    return text


def label(name: str, copies: int) -> str:
    """Name of a network in tables."""
    return f"{name}, {copies} {'copy' if copies == 1 else 'copies'}"


def repeated(
    options: Options, name: str, described: Mapping[str, Any], begin: Callable[[int, Path], Test], say: Say
) -> dict[str, Any]:
    """One network with all its seeds; runs that stand in their files are taken from there."""
    stamp = json.loads(json.dumps({"configuration": described, "train": options.train, "test": options.test}))
    runs = []
    for seed in range(options.seeds):
        file = options.runs / f"{name}-{seed}.json"
        run = read_record(file) if file.exists() else {}
        if run.get("stamp") != stamp:
            run = {"stamp": stamp, "found": {}, "seconds": 0.0}
        found = run["found"]
        missing = [kind for kind, values in LEVELS.items() if [row[0] for row in found.get(kind, [])] != values]
        if missing:
            say(f"{name}, seed {seed}: {', '.join(missing)}")
            began = time.perf_counter()
            test = begin(seed, file.with_suffix(".h5"))
        for kind in missing:
            found[kind] = measured(test, kind, found)
            now = time.perf_counter()
            run["seconds"], began = round(run["seconds"] + now - began, 2), now
            write_text(file, json.dumps(run) + "\n")
        runs.append(run)
    return {
        "seeds": list(range(options.seeds)),
        "results": {
            kind: [
                {
                    "level": level,
                    "accuracy": [run["found"][kind][i][1] for run in runs],
                    "unanswered": [run["found"][kind][i][2] for run in runs],
                }
                for i, level in enumerate(values)
            ]
            for kind, values in LEVELS.items()
        },
        "seconds": [run["seconds"] for run in runs],
        "configuration": described,
    }


def measured(test: Test, kind: str, found: Mapping[str, Any]) -> list[list[float]]:
    """(level, accuracy, share without an answer) of a kind; without damage a network is tested once."""
    whole = next((rows[0][1:] for rows in found.values()), None) or test(kind, 0.0)
    return [[level, *(test(kind, level) if level else whole)] for level in LEVELS[kind]]


def noisy(kind: str, level: float, images: np.ndarray, seed: int) -> np.ndarray:
    """Images with noise of a kind; as they are if the damage is none of images."""
    return IMAGES[kind](images, level, seed) if kind in IMAGES else images


# -------------------------------------------------------------------- networks


def trained(options: Options, name: str, network: Network, seed: int, state: Path) -> Test:
    """A test of a network that has learnt, which is taken from a file of its state if that is there."""
    path = HERE.parent / "configs" / f"{name}.yaml"
    if not (state.exists() and learnt_as(network, state, options)):
        session = Session(
            network, base_dir=path.parent, seed=seed, threads=options.threads, train=options.train, test=0,
            data_dir=options.data_dir,
        )  # fmt: skip
        session.proceed()
        session.save(state)
    described = saved(state).plan.description
    images, labels = tested_images(options, described)
    show = functools.partial(present_arrays, described.inputs, labels=labels, n_taught=0, seed=seed)
    session = Session(described, seed=seed, threads=options.threads, presentation=show(images), engine="numba")
    session.load(state)
    place, thresholds = session.bookmark(), thresholds_of(session)

    def test(kind: str, level: float) -> Pair:
        harm = {"dead_synapses" if kind == "held_thresholds" else kind: level}
        images_alone = kind in IMAGES
        harmed = Damage(seed=seed, **({} if images_alone else harm)).of(session.plan, place.state)
        session.return_to(replace(place, state=harmed))
        if images_alone:
            session.present(show(noisy(kind, level, images, seed)))
        if kind == "held_thresholds":
            hold(session, thresholds)
        session.proceed(freeze=0)
        found = session.score(0, len(labels))
        assert found
        return found.accuracy, found.unanswered

    return test


def _live(runner: Any) -> Any:
    """The arrays of a runner; their named tuple is made from a table, so its names are not known to mypy."""
    return runner.live


def thresholds_of(session: Session) -> list[np.ndarray]:
    """Thresholds without their ramp in each copy, int32, in 1/1000, as the engine numba has derived them."""
    assert isinstance(session.engine, NumbaEngine)
    return [_live(runner).threshold.copy() for runner in session.engine.runners]


def hold(session: Session, thresholds: list[np.ndarray]) -> None:
    """Give a network thresholds that do not follow from its weights; they last while it is frozen."""
    assert isinstance(session.engine, NumbaEngine)
    for runner, before in zip(session.engine.runners, thresholds, strict=True):
        _live(runner).threshold[:] = before


def learnt_as(network: Network, state: Path, options: Options) -> bool:
    """Whether a saved network is this one, after as many images."""
    found = saved(state)
    period = next(one.period for one in network.inputs if isinstance(one, ImageInput))
    taught = options.train or len(datasets.load("mnist", options.data_dir).train_labels)
    described = with_learnt(network, learnt_of(found.plan.description))
    return found.plan.description == described and found.step == taught * period


def tested_images(options: Options, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """The first test images of a network's data set, as it sees them, and their labels."""
    image = next((one for one in network.inputs if isinstance(one, ImageInput)), None)
    if image is None or image.source is None:
        raise ConfigError("the network has no image input with a data set, expected one")
    data = datasets.load(image.source, options.data_dir)
    part = slice(options.test)
    return data.intensities[1][part], data.test_labels[part].astype(np.int64)


# ----------------------------------------------------------------------- rival


def taught(options: Options, seed: int, state: Path) -> Test:
    """A test of ridge regression that has learnt."""
    data = datasets.load("mnist", options.data_dir)
    part, tested = slice(options.train), slice(options.test)
    images, labels = data.intensities[1][tested], data.test_labels[tested]
    settings = read_options("ridge", {"features": options.features})
    drawn = RandomFeatures(images.shape[1], options.features, settings.scale, np.random.default_rng([seed, 0x5EED]))
    rival = Ridge(drawn, 10, settings.ridge)
    rival.lesson(data.intensities[0][part], data.train_labels[part].astype(np.int64), lambda fresh: None)
    hidden, (output, bias) = drawn.weights, rival.solve()

    def test(kind: str, level: float) -> Pair:
        # Weights of both layers, and the units between them.
        drawn.weights = harmed(hidden, kind, level, seed, 0)
        rival.readout = harmed(output, kind, level, seed, 1), bias
        answers = rival.answers(noisy(kind, level, images, seed))
        return float((answers == labels).mean()), 0.0

    return test


def harmed(weights: np.ndarray, kind: str, level: float, seed: int, layer: int) -> np.ndarray:
    """Weights of a layer of the rival, float of shape (sources, targets), damaged as those of a network are."""
    found = weights.copy()
    if kind in ("dead_synapses", "held_thresholds"):
        found.reshape(-1)[dead(seed, layer, 0, Draw.DEAD_SYNAPSES, weights.size, level)] = 0
    elif kind == "dead_neurons" and layer:
        found[dead(seed, layer, 0, Draw.DEAD_NEURONS, len(weights), level)] = 0
    elif kind == "weight_noise":
        drawn = normal(key_of(seed, layer, 0, Draw.WEIGHT_NOISE), np.arange(weights.size))
        drawn = drawn.reshape(weights.shape).astype(weights.dtype)
        found += drawn * (level * float(weights.std()) / (1 << NORMAL_Q))
    return found


if __name__ == "__main__":
    run_safely(main, "python -m experiments.robustness")
