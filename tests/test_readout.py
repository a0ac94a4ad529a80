"""From spikes to answers, by each rule."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet.config import check, override
from colanet.config.model import Network, Readout
from colanet.errors import ConfigError
from colanet.plan import memory
from colanet.readout import (
    READOUTS,
    make,
)
from colanet.session import Recording, Session
from colanet.storage import Blocks, read_h5
from tests.outside import package

PUBLISHED = Path(__file__).parent / "plan" / "published.nnc"
RULES = READOUTS.names()
ROWS = [
    # Two neurons a class; what a node does at step t its neuron does at t + 1.
    "...@", "@@..", "....", "....",  # 3, then 0 and 1: first class 1, most spikes class 0
    "@.@@", "@@..", "....", "....",  # 0, 2, 3 at once, then 0 and 1: first class 1, most spikes class 0
    ".@@.", "..@.", "....", "....",  # 1 and 2 at once, then 2: first class 0 (a tie), most spikes class 1
    "....", "....", "....", "..@.",  # nothing yet
    "....", "....", "....", "....",  # 2 in the first step of the last object
]  # fmt: skip
CLASSES = [1, 1, 0, -1, 1]
VOTES = [[2, 1], [3, 2], [1, 2], [0, 0], [0, 1]]
COUNTS = [[1, 1, 0, 1], [2, 1, 1, 1], [0, 1, 2, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
BY_RULE = {"votes": [0, 0, 1, -1, 1], "counts": [0, 0, 1, -1, 1], "first_spike": [1, 1, 0, -1, 1],
           "early": [0, 0, 1, -1, 1]}  # fmt: skip
EARLY = [[4, 3], [7, 6], [3, 5], [0, 0], [0, 4]]


def described(rule, copies=1, **options):
    return {
        "copies": copies,
        "inputs": [
            {"name": "R", "kind": "text", "source": "rows.txt"},
            {"name": "T", "kind": "state_target", "size": 2, "target_file": "labels.txt", "learning_time": 8,
             "period": 4, "no_class": "-", "criterion": "averaged_F", "prediction_file": "p.csv"},
        ],
        "populations": [{"name": "N", "size": 4, "columns": 2}],
        "projections": [{"source": "R", "target": "N", "weight": 9, "connection": "one_to_one"}],
        "readout": {"kind": "state", "population": "N", "rule": rule, "options": options},
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rows.txt").write_text("\n".join(ROWS) + "\n")
    (tmp_path / "labels.txt").write_text("".join(f"{label if label >= 0 else '-'}\n" for label in CLASSES))
    return tmp_path


@pytest.mark.parametrize("engine", ["reference", "numba"])
@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("chunk", [1, 3, 100])
@pytest.mark.parametrize("rule", BY_RULE)
def test_rules_by_hand(folder, rule, chunk, copies, engine):
    network = Network.model_validate(described(rule, copies))
    session = Session(network, base_dir=folder, engine=engine, chunk_steps=chunk, threads=1)
    result = session.run()
    assert session.answers().tolist() == BY_RULE[rule]
    right = [answer == label for answer, label in zip(BY_RULE[rule], CLASSES, strict=True)]
    assert (result.train_accuracy, result.accuracy) == (np.mean(right[:2]), np.mean(right[2:]))
    assert result.unanswered == 1 / 3
    assert result.confusion.sum() == 3
    if rule == "first_spike":
        assert (session.readout.evidence() == copies * np.array([[0, 1], [1, 2], [1, 1], [0, 0], [0, 1]])).all()
        assert session.readout.first.tolist() == [1, 1, 1, 4, 0]
    elif rule == "early":
        assert (session.readout.evidence() == copies * np.array(EARLY)).all()
    else:
        assert (session.tally.votes == copies * np.array(VOTES)).all()
    if rule == "counts":
        np.testing.assert_array_equal(session.readout.counts, np.tile(COUNTS, copies))


def test_a_short_window_leaves_late_spikes_out(folder):
    session = Session(Network.model_validate(described("early", window=2)), base_dir=folder, engine="reference")
    session.run()
    assert session.readout.evidence().tolist() == [[0, 1], [1, 2], [1, 1], [0, 0], [0, 2]]
    assert session.answers().tolist() == [1, 1, 0, -1, 1]


@pytest.mark.parametrize("window", [0, -3, 1.5, "long", 2**31, 10**30])
def test_a_window_is_a_positive_number_of_steps(window):
    told = r"^readout: option window: expected a whole number, 1 to 2147483647, not "
    with pytest.raises(ConfigError, match=told):
        make(Readout(population="N", rule="early", options={"window": window}))


def drawn(rule, **values):
    network = override(colanet.load(PUBLISHED), "readout.rule", rule)
    return Session(network, train=1500, test=20, copies=2, engine="numba", threads=1, **values)


@pytest.fixture(scope="module")
def spikes():
    """Object, step within its period and neuron of every spike of OUT, both copies."""
    session = drawn("votes", recording=Recording(("OUT",)))
    session.run()
    step, neuron = np.concatenate([session.spikes("OUT", copy) for copy in range(2)]).T
    return step // 15, step % 15, neuron


def test_the_first_spike_of_two_noisy_copies(spikes):
    shown, step, neuron = spikes
    expected = []
    for k in range(1520):
        own = shown == k
        first = neuron[own & (step == step[own].min(initial=99))]
        expected.append(np.bincount(first, minlength=10).argmax() if len(first) else -1)
    session = drawn("first_spike")
    session.run()
    assert session.answers().tolist() == expected
    assert session.answers().tolist() != drawn_answers("votes")


def drawn_answers(rule):
    session = drawn(rule)
    session.run()
    return session.answers().tolist()


def test_counts_answer_as_votes_do_and_hold_both_copies():
    session = drawn("counts")
    session.run()
    assert session.answers().tolist() == drawn_answers("votes")
    counts = session.readout.counts
    assert counts.shape == (1520, 20)
    assert (counts[:, :10] != counts[:, 10:]).any()


@pytest.mark.parametrize("rule", RULES)
def test_whatever_the_chunks_and_the_checkpoints_the_answers_are_the_same(rule, tmp_path):
    whole = drawn(rule)
    expected = whole.run()
    parts = drawn(rule, chunk_steps=601)
    parts.run(1400 * 15 + 6)
    parts.checkpoint(tmp_path / "c.h5")
    rest = drawn(rule, chunk_steps=41)
    rest.resume(tmp_path / "c.h5")
    result = rest.run()
    assert result.digest == expected.digest
    np.testing.assert_array_equal(rest.answers(), whole.answers())
    np.testing.assert_array_equal(result.confusion, expected.confusion)
    for name, array in whole.readout.results().items():
        np.testing.assert_array_equal(rest.readout.results()[name], array)
    other = drawn(next(name for name in RULES if name != rule))
    with pytest.raises(colanet.errors.CheckpointError, match="another configuration"):
        other.resume(tmp_path / "c.h5")


@pytest.mark.parametrize("rule", BY_RULE)
def test_files_of_a_run(folder, call, rule):
    path = folder / "net.yaml"
    colanet.config.save(Network.model_validate(described("votes")), path)
    # Not written where it is the usual one.
    assert "rule" not in path.read_text()
    given = ["--set", f"readout.rule={rule}", "--engine", "reference", "--json"]
    status, out, err = call("run", path, *given, "--out", folder / "out")
    assert status == 0, err
    arrays, _ = read_h5(folder / "out" / "results.h5")
    assert arrays["answers"].tolist() == BY_RULE[rule]
    assert set(arrays) >= {"votes", "labels"}
    extra = {"first_spike": [1, 1, 1, 4, 0], "counts": COUNTS}
    if rule in extra:
        assert arrays[f"readout/{rule}"].tolist() == extra[rule]
    shown = [("-" if answer < 0 else str(answer)) for answer in BY_RULE[rule]]
    lines = (folder / "out" / "p.csv").read_text().splitlines()[1:]
    assert [line.rpartition(",")[2] for line in lines] == shown
    # Of the test labels 0, none, 1: by votes class 1 is right once (F = 2/3), class 0 never.
    assert json.loads(out)["criterion_value"] == pytest.approx(1.0 if rule == "first_spike" else 1 / 3)


def test_unknown_rules_and_options_are_one_line(folder, call):
    known = "unknown readout loudest; known: counts, early, first_spike, votes"
    network = Network.model_validate(described("loudest"))
    assert [str(problem) for problem in check(network)] == [f"readout: rule: {known}"]
    with pytest.raises(ConfigError, match=known):
        Session(network, base_dir=folder)
    with pytest.raises(ConfigError, match=known):
        make(Readout(population="N", rule="loudest"))
    colanet.config.save(network, folder / "net.yaml")
    status, _, err = call("validate", folder / "net.yaml")
    assert (status, err.strip().endswith(known)) == (2, True)
    assert len(err.splitlines()) == 1
    network = Network.model_validate(described("first_spike", tau=3))
    assert [str(p) for p in check(network)] == ["readout: options: there is no option tau; known: none"]
    with pytest.raises(ConfigError, match=r"options of votes: there is no option tau; known: none"):
        make(Readout(population="N", options={"tau": 3}))
    status, _, err = call("run", PUBLISHED, "--set", "readout.rule=loudest")
    assert (status, len(err.splitlines())) == (2, 1)
    assert known in err


OUTSIDE = """
import numpy as np
from colanet.observers import Wants
from colanet.readout import Readout

class Silent(Readout):
    def wants(self): return Wants(spikes=(self.population.name,))
    def evidence(self): return np.zeros((self.objects, self.classes))
class Need(Silent):
    def __init__(self, *, before): self.before = before
class Plain(Silent):
    def __init__(self, before=12): self.before = before
class Any(Silent):
    def __init__(self, **options): self.options = options
class Unmade(Silent):
    def __init__(self, *, before=1): raise OverflowError("too\\nmuch")
class Fails(Silent):
    def seen(self, stretch): raise KeyError("nope")
class Begins(Silent):
    def begin(self, session): session.nothing
class Wanting(Silent):
    def wants(self): return 1 // 0
class Short(Silent):
    def evidence(self): return np.zeros((3, self.classes))
class Words(Silent):
    def evidence(self): return np.full((self.objects, self.classes), "a")
class Listed(Silent):
    def evidence(self): return [[0] * self.classes] * self.objects
class Wild(Silent):
    def answers(self): return np.full(self.objects, self.classes)
class Halves(Silent):
    def answers(self): return np.full(self.objects, 0.5)
class Rows(Silent):
    def results(self): return {"rows": [1, 2]}
"""


@pytest.fixture
def outside(tmp_path, monkeypatch):
    names = re.findall(r"class (\w+)", OUTSIDE)
    points = {name.lower(): name for name in names}
    package(tmp_path / "site", "my_rules", OUTSIDE, {"colanet.readouts": points}, monkeypatch)
    lost = {"colanet.readouts": {"lost": "L"}}
    package(tmp_path / "other", "lost_rules", "import nowhere_at_all", lost, monkeypatch)


@pytest.mark.parametrize(
    ("rule", "options", "where", "message"),
    [
        ("need", {}, "options", "the option before is missing; known: before"),
        ("plain", {"after": 1}, "options", "there is no option after; known: before"),
        ("lost", {}, "rule", "readout lost: lost_rules:L cannot be loaded: No module named 'nowhere_at_all'"),
    ],
)
def test_what_run_refuses_validate_refuses_too(folder, call, outside, rule, options, where, message):
    network = Network.model_validate(described(rule, **options))
    assert [str(problem) for problem in check(network)] == [f"readout: {where}: {message}"]
    colanet.config.save(network, folder / "net.yaml")
    for command in ("validate", "run"):
        status, _, err = call(command, folder / "net.yaml")
        assert (status, len(err.splitlines())) == (2, 1)
        assert err.strip().endswith(message)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("unmade", "Unmade: OverflowError: too"),
        ("begins", "Begins: AttributeError: 'Session' object has no attribute 'nothing'"),
        ("wanting", "Wanting: ZeroDivisionError: integer division or modulo by zero"),
        ("fails", "Fails: KeyError: 'nope'"),
        ("short", "Short: the evidence is float64 (3, 2), expected numbers of shape (5, 2)"),
        ("words", "Words: the evidence is <U1 (5, 2), expected numbers of shape (5, 2)"),
        ("listed", "Listed: the evidence is a list, expected numbers of shape (5, 2)"),
        ("wild", "Wild: answers 2..2, expected -1..1"),
        ("halves", "Halves: the answers are float64 (5,), expected integers of shape (5,)"),
        ("rows", "Rows: the result rows is a list, expected an array of numbers"),
    ],
)
def test_a_rule_from_outside_that_fails_is_one_line(folder, call, outside, rule, message):
    colanet.config.save(Network.model_validate(described(rule)), folder / "net.yaml")
    run = ["run", folder / "net.yaml", "--engine", "reference", "--quiet", "--out", folder / "out"]
    assert call(*run) == (2, "", f"readout my_rules.{message}\n")


def test_what_a_readout_keeps_counts_as_memory(folder, monkeypatch):
    """Counts of 15 copies: 5 objects, 4 neurons, 4 bytes; evidence of 2 classes, 8 bytes; a checkpoint's copy."""
    network = Network.model_validate(described("counts", 15))
    session = Session(network, base_dir=folder, engine="reference")
    kept = 4 * 5 * 15 * 4 + 8 * 5 * 2
    assert session.readout.needs(session.plan, session.votes, 5) == kept
    assert session.readout.counts.nbytes + session.readout.evidence().nbytes == kept
    alone = memory.network_bytes(session.plan)
    monkeypatch.setenv(memory.VARIABLE, str(alone + 2 * kept))
    Session(network, base_dir=folder, engine="reference")
    monkeypatch.setenv(memory.VARIABLE, str(alone + 2 * kept - 1))
    with pytest.raises(ConfigError, match=r"network: needs about .* readout 2\.5 KiB") as caught:
        Session(network, base_dir=folder, engine="reference")
    assert len(str(caught.value).splitlines()) == 1


TAKEN = [("need", {"before": 3}), ("plain", {"before": 3}), ("any", {"a": 1})]


@pytest.mark.parametrize(("rule", "options"), TAKEN)
def test_options_come_as_keywords(folder, outside, rule, options):
    session = Session(Network.model_validate(described(rule, **options)), base_dir=folder, engine="reference")
    made = session.readout
    assert (made.options if rule == "any" else {"before": made.before}) == options


@pytest.mark.parametrize("options", ["{3x: 1}", "{a: [1]}", "{a: {b: 1}}", "{a: .inf}", "[1]", "3"])
def test_options_are_names_with_numbers_or_texts(folder, options):
    colanet.config.save(Network.model_validate(described("votes", a=1)), folder / "net.yaml")
    text = (folder / "net.yaml").read_text()
    assert "{a: 1}" in text
    (folder / "net.yaml").write_text(text.replace("{a: 1}", options))
    with pytest.raises(ConfigError, match=r"net\.yaml:\d+: readout: options: expected ") as caught:
        colanet.load(folder / "net.yaml")
    assert len(caught.value.problems) == 1


# ------------------------------------------------------------ votes in few bytes


def test_votes_take_few_bytes_and_files_hold_64_bits(folder):
    session = Session(Network.model_validate(described("votes", 3)), base_dir=folder, engine="numba")
    session.run()
    assert session.readout.votes.dtype == np.int8
    assert session.tally.votes.dtype == np.int64
    session.checkpoint(folder / "c.h5")
    session.write_results(folder / "r.h5", session.result())
    assert read_h5(folder / "c.h5")[0]["tally/votes"].dtype == np.int64
    assert read_h5(folder / "r.h5")[0]["votes"].dtype == np.int64
    other = Session(Network.model_validate(described("votes", 3)), base_dir=folder, engine="numba")
    other.resume(folder / "c.h5")
    assert (other.readout.votes == session.readout.votes).all()
    assert other.readout.votes.dtype == np.int8


@pytest.mark.parametrize("copies", [40, 50, 12_000])
def test_votes_grow_into_a_larger_type(folder, copies):
    """Object 1 has three votes a copy."""
    network = Network.model_validate(described("votes", copies))
    session = Session(network, base_dir=folder, engine="numba", threads=1)
    session.run()
    votes = session.readout.votes
    assert (votes == copies * np.array(VOTES)).all()
    assert votes.dtype == np.min_scalar_type(-3 * copies - 1)
    needed = session.readout.needs(session.plan, session.votes, 5)
    assert votes.nbytes + session.tally.votes.nbytes <= 2 * needed + 1


def test_who_derives_from_votes_computes_in_64_bits(folder, monkeypatch):
    class Mine(READOUTS.get("votes")):
        def evidence(self):
            return self.votes[:, ::-1].copy()

    monkeypatch.setattr("colanet.session.make_readout", lambda told: Mine())
    session = Session(Network.model_validate(described("votes")), base_dir=folder, engine="numba")
    result = session.run()
    assert session.readout.votes.dtype == np.int64
    assert session.answers().tolist() == [1, 1, 0, -1, 0]
    assert result.train_accuracy == 1


@pytest.mark.parametrize("rule", RULES)
def test_some_answers_are_those_of_all(folder, monkeypatch, rule):
    session = Session(Network.model_validate(described(rule)), base_dir=folder, engine="numba")
    session.run()
    whole = session.score(0, 5)
    for first, last in ((0, 5), (1, 4), (2, 2), (4, 5)):
        assert session.readout.chosen(first, last).tolist() == session.answers()[first:last].tolist()
    monkeypatch.setattr("colanet.results.BLOCK", 2)
    parts = session.score(0, 5)
    assert (parts.accuracy, parts.unanswered) == (whole.accuracy, whole.unanswered)
    assert (parts.confusion == whole.confusion).all()


@pytest.fixture
def derived(monkeypatch):
    """Keeps, beside the votes, the step of the last stretch that it saw in each object."""

    class Mine(READOUTS.get("votes")):
        keeps = ("votes", "more")

        def begin(self, session):
            super().begin(session)
            self.more = np.zeros(self.objects, dtype=np.int32)

        def seen(self, stretch):
            super().seen(stretch)
            self.more[min((stretch.stop - 1) // self.period, self.objects - 1)] = stretch.stop

    monkeypatch.setattr("colanet.session.make_readout", lambda told: Mine())
    return Network.model_validate(described("votes"))


def test_all_that_a_class_derived_from_votes_keeps_goes_with_checkpoints(folder, derived):
    session = Session(derived, base_dir=folder, engine="numba")
    session.run(9)
    assert session.readout.more.any()
    session.checkpoint(folder / "c.h5")
    other = Session(derived, base_dir=folder, engine="numba")
    other.resume(folder / "c.h5")
    for name in ("votes", "more"):
        kept, found = getattr(session.readout, name), getattr(other.readout, name)
        assert (found.dtype, found.tolist()) == (kept.dtype, kept.tolist())
    arrays, _ = read_h5(folder / "c.h5")
    assert {"tally/votes", "tally/more"} <= set(arrays)


def test_a_derived_class_is_counted_with_64_bits(folder, derived):
    """Its votes, and the copy of them that a checkpoint makes."""
    session = Session(derived, base_dir=folder, engine="numba")
    session.run()
    held = session.readout.votes.nbytes + session.readout.snapshot()[0]["tally/votes"].nbytes
    assert 2 * session.readout.needs(session.plan, session.votes, session.readout.objects) >= held


@pytest.mark.parametrize("rule", [*RULES, "derived"])
def test_all_answers_are_found_once_a_score(folder, derived, monkeypatch, rule):
    network = Network.model_validate(described(rule)) if rule != "derived" else derived
    if rule != "derived":
        monkeypatch.setattr("colanet.session.make_readout", make)
    session = Session(network, base_dir=folder, engine="numba")
    session.run()
    calls, own = [], type(session.readout).answers
    monkeypatch.setattr(type(session.readout), "answers", lambda self: calls.append(self) or own(self))
    monkeypatch.setattr("colanet.results.BLOCK", 2)
    assert session.score(0, 5).confusion.sum() == 5
    assert len(calls) == (rule != "votes")


@pytest.mark.parametrize("rule", [*RULES, "derived"])
def test_results_written_in_blocks_are_those_written_at_once(folder, derived, monkeypatch, rule):
    network = Network.model_validate(described(rule)) if rule != "derived" else derived
    if rule != "derived":
        monkeypatch.setattr("colanet.session.make_readout", make)
    session = Session(network, base_dir=folder, engine="numba")
    result = session.run()
    session.write_results(folder / "whole.h5", result)
    monkeypatch.setattr("colanet.readout.rules.votes.BLOCK", 2)
    assert isinstance(session.readout.written(), Blocks) == (rule == "votes")
    session.write_results(folder / "blocks.h5", result)
    (whole, told), (parts, also) = read_h5(folder / "whole.h5"), read_h5(folder / "blocks.h5")
    assert also == told
    assert list(parts) == list(whole)
    for name, array in whole.items():
        assert parts[name].dtype == array.dtype
        assert (parts[name] == array).all()
    assert (parts["votes"] == session.tally.votes).all()
