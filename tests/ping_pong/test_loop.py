"""The loop: input that depends on the network's spikes is the same in pieces, resumed, and on every engine."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from colanet import Session, config
from colanet.doors import INPUTS, READOUTS
from colanet.errors import ConfigError, DataError
from colanet.observers import Observer
from colanet.readout import answers_of
from experiments.ping_pong import measure, ping_pong
from experiments.ping_pong.__main__ import main
from experiments.ping_pong.ping_pong import RACKET, Y
from tests.extending import ROOT, colanet
from tests.outside import package

FOLDER = Path(ping_pong.__file__).parent
KICKED = {"population.L.noise_amplitude": "4"}
"""So many kicks that an untrained network moves in nearly every frame."""


@pytest.fixture(autouse=True)
def _doors():
    INPUTS.register("ping-pong", ping_pong.make, replace=True)
    READOUTS.register("moves", ping_pong.Moves, replace=True)
    yield
    INPUTS.unregister("ping-pong")
    READOUTS.unregister("moves")


def session(frames=40, changes=KICKED, **options):
    steps = {"input.R.args": json.dumps({"steps": 20 * frames})}
    network = config.override_all(config.load(FOLDER / "ping_pong.yaml"), {**steps, **changes})
    return Session(network, base_dir=FOLDER, seed=3, **{"engine": "numba", "threads": 1} | options)


def ended(game):
    """What a game has come to: the state of the network, the course of the game, what was answered."""
    return game.result().digest, game.worlds[0].log.tobytes(), game.answers().tolist()


@pytest.fixture(scope="module")
def whole():
    INPUTS.register("ping-pong", ping_pong.make, replace=True)
    READOUTS.register("moves", ping_pong.Moves, replace=True)
    game = session()
    game.proceed()
    return game


def test_the_answers_are_the_moves(whole):
    log, answers = whole.worlds[0].log, whole.answers()
    assert answers.shape == (40,)
    assert {0, 1} <= set(answers) <= {-1, 0, 1}
    moved = np.clip(log[:-1, RACKET] + 20 * np.array([-1, 1, 0])[answers], 30, 270)
    assert (log[1:, RACKET] == moved).all()
    result = whole.result()
    assert (result.accuracy, result.train_accuracy, result.confusion) == (None, None, None)


def test_without_spikes_the_racket_rests():
    game = session(changes={"population.L.noise_amplitude": "0"})
    game.proceed()
    assert (game.worlds[0].log[:, RACKET] == 150).all()
    assert (game.answers() == -1).all()


@pytest.mark.parametrize("options", [{"engine": "reference"}, {"chunk_steps": 7}, {"chunk_steps": 1}])
def test_engines_and_chunks_agree_bit_for_bit(whole, options):
    game = session(**options)
    game.proceed()
    assert ended(game) == ended(whole)


@pytest.mark.parametrize("cut", [200, 213, 391])
def test_interrupted_and_resumed_is_uninterrupted(whole, cut, tmp_path):
    first = session()
    first.proceed(cut)
    first.checkpoint(tmp_path / "c.h5")
    mark = first.bookmark()
    first.proceed()
    assert ended(first) == ended(whole)
    first.return_to(mark)
    first.proceed()
    assert ended(first) == ended(whole)
    second = session()
    second.resume(tmp_path / "c.h5")
    second.proceed()
    assert ended(second) == ended(whole)


def test_other_data_begin_another_game(whole):
    game = session()
    game.proceed(200)
    game.present(session().presentation)
    game.proceed()
    assert game.worlds[0].log[0].tolist() == whole.worlds[0].log[0].tolist()
    assert len(game.answers()) == 40
    assert game.worlds[0].log[:, RACKET].tolist() != whole.worlds[0].log[:, RACKET].tolist()


def test_a_user_s_observer_looks_on_and_changes_nothing(whole):
    class Last(Observer):
        name = "last"

        def seen(self, stretch):
            self.step = stretch.stop

    last = Last()
    game = session(observers=[last])
    game.proceed()
    assert last.step == 800
    assert ended(game) == ended(whole)


def test_two_of_one_name_are_refused():
    class Same(Observer):
        name = "ping-pong"

    with pytest.raises(ConfigError, match="two are called ping-pong"):
        session(observers=[Same()])


def test_an_error_of_the_world_is_one_line(monkeypatch):
    monkeypatch.setattr(ping_pong.World, "play", lambda self, frame: 1 // 0)
    with pytest.raises(ConfigError, match=r"^plug-in input experiments\.ping_pong\.ping_pong\.World: ZeroDivision"):
        session().proceed()


def test_the_first_of_a_library_makes_the_others():
    asked = []

    class Node:
        size, n_steps = 1, 20

        def spikes(self, first, last):
            return np.ones((last - first, 1))

    class Alone(Node):
        beside = None

    def make(args, *, name, size, seed, base_dir):
        asked.append(name)
        node = Alone() if args else Node()
        if not args:
            node.beside = lambda args, *, name, size, seed, base_dir: asked.append(f"{name} beside") or Node()
        return node

    def network(args):
        inputs = [{"name": name, "kind": "plugin", "lib": "nodes", "args": args} for name in "ABC"]
        return config.model.Network.model_validate({"inputs": inputs, "populations": [{"name": "L", "size": 1}]})

    INPUTS.register("nodes", make, replace=True)
    Session(network({}), engine="reference")
    assert asked == ["A", "B beside", "C beside"]
    asked.clear()
    Session(network({"alone": "1"}), engine="reference")
    assert asked == ["A", "B", "C"]
    INPUTS.unregister("nodes")


def test_a_readout_without_target_needs_a_plug_in_with_a_period():
    data = config.load(FOLDER / "ping_pong.yaml").model_dump()
    del data["inputs"][0]["period"]
    with pytest.raises(ConfigError, match="readout: needs a target input to compare with, or a plug-in input with"):
        Session(config.model.Network.model_validate(data), base_dir=FOLDER)


def test_a_wrong_reward_is_one_line():
    with pytest.raises(DataError, match="input Reward: plug-in ping-pong: KeyError: 'often'"):
        session(changes={"input.Reward.args": '{"when": "often"}'})


@pytest.mark.slow
def test_it_learns_to_follow_the_ball():
    """A short game with large steps of learning; what is compared are the last 500 frames, frozen."""
    quick = {"population.L.size": "10", "population.L.noise_amplitude": "2.5",
             "projection.Reward->L.weight": "0.6", "projection.Punishment->L.weight": "-0.6"}  # fmt: skip
    options = measure.Options(learning=2000, frozen=500, engine="numba")
    distances = [
        np.abs(np.subtract(*measure.play(options, 50, quick, learning)[-500:, [Y, RACKET]].T.astype(int))).mean()
        for learning in (None, 0)
    ]
    assert distances[0] < 45
    assert distances[1] > 70


def test_the_command_writes_what_it_found(tmp_path):
    words = ["--seeds", "1", "--first-seed", "9", "--learning", "40", "--frozen", "20", "--window", "20", "--quiet",
             "--engine", "numba", "--results", str(tmp_path)]  # fmt: skip
    main.main(words, standalone_mode=False)
    found = json.loads((tmp_path / "ping_pong.json").read_text())
    assert found["command"] == (
        "python -m experiments.ping_pong --seeds 1 --first-seed 9 --learning 40 --frozen 20 --window 20"
    )
    assert [player["name"] for player in found["players"]] == list(measure.PLAYERS)
    assert all(len(run["hits"]) == 3 for player in found["players"] for run in player["runs"])
    assert len((tmp_path / "ping_pong.md").read_text().splitlines()) == 6
    assert (tmp_path / "ping_pong.png").read_bytes()[:4] == b"\x89PNG"


def test_it_is_a_package_that_the_command_line_finds(tmp_path):
    text = (FOLDER / "pyproject.toml").read_text(encoding="utf-8")
    points = {
        group: dict(re.findall(r'^([\w-]+) = "ping_pong:(\w+)"$', part, re.MULTILINE))
        for group, part in re.findall(r'entry-points\."([\w.]+)"\]\n((?:[^\[\n].*\n)+)', text)
    }
    assert points == {"colanet.inputs": {"ping-pong": "make"}, "colanet.readouts": {"moves": "Moves"}}
    package(tmp_path, "ping_pong", (FOLDER / "ping_pong.py").read_text(encoding="utf-8"), points, None)
    network = FOLDER / "ping_pong.yaml"
    status, out, _ = colanet(tmp_path, "run", network, "--quiet", "--json", "--stop-at", 800, "--freeze-at", 400)
    assert status == 0
    assert json.loads(out)["steps"] == 800
    assert ROOT in FOLDER.parents


def test_the_readout_breaks_no_rule():
    game = session(frames=3)
    game.proceed()
    assert answers_of(game.readout).tolist() == game.answers().tolist()
    assert game.tally.votes.shape == (3, 2)
