"""Files of results, for made-up outcomes."""

import json
import math
import warnings

import numpy as np
import pytest

from colanet import __version__
from colanet.continual.cost import Cost
from colanet.continual.experiment import expand
from colanet.continual.outcome import Confusions, Outcome
from colanet.continual.results import Repeats, read_outcome, summary, write_outcome, write_tables
from colanet.errors import CheckpointError
from tests.continual import tiny
from tests.flips import flipped

NAN = math.nan


def no_counts(a):
    places = np.argwhere(~np.isnan(a))
    return Confusions(places, np.zeros((len(places), 10, 10), int), len(a))


COST = Cost(1_000_000, 570_000, 3, 12_000, 2_400_000.0, NAN)


def outcome(matrix, seed, **fields):
    a = np.array(matrix)
    n = len(a)
    plain = {
        "matrix": a, "unanswered": np.where(np.isnan(a), NAN, 0.0625), "confusion": no_counts(a),
        "untrained": np.full(n, NAN), "running": np.array([0.5]), "boundaries": np.arange(1, n + 1) * 12,
        "fields": np.full((n, 4, 2), 0.25, np.float32), "columns": 2, "train_seconds": 1.25 + seed,
        "test_seconds": 0.5, "digest": f"abc{seed}", "seed": seed,
    }  # fmt: skip
    return Outcome(**(plain | fields))


@pytest.fixture
def parts():
    experiment = tiny.experiment(
        seeds=[0, 3],
        title="Two tasks",
        published=[{"label": "other", "value": "92 %", "source": "arXiv 1"}],
        variants=[{"name": "a", "set": {"population.L.tau_m": 4}}, {"name": "b", "joint": True}],
    )
    first, second = expand(experiment)
    two = outcome([[0.5, NAN], [0.25, 0.75]], 0), outcome([[1.0, NAN], [0.5, 0.25]], 3)
    joint = outcome([[NAN, NAN], [0.125, 1 / 3]], 0, unanswered=np.full((2, 2), NAN))
    names = ("one", "two")
    return experiment, [
        Repeats(first, '{"copies": 1}', names, two), Repeats(second, "", names, (joint,))
    ]  # fmt: skip


CSV = """variant,seed,after_task,on_task,accuracy,unanswered
a,0,1,1,0.500000,0.062500
a,0,2,1,0.250000,0.062500
a,0,2,2,0.750000,0.062500
a,3,1,1,1.000000,0.062500
a,3,2,1,0.500000,0.062500
a,3,2,2,0.250000,0.062500
b,0,2,1,0.125000,
b,0,2,2,0.333333,
"""


def test_tables(parts, tmp_path):
    experiment, made = parts
    written = write_tables(tmp_path / "new", experiment, made, "colanet continual e.yaml")
    assert sorted(p.name for p in written) == ["tiny.csv", "tiny.json", "tiny.md"]
    texts = {p.suffix: p.read_text() for p in written}
    assert texts[".csv"] == CSV
    found = json.loads(texts[".json"], parse_constant=pytest.fail)
    assert found["command"] == "colanet continual e.yaml"
    assert found["experiment"]["network"] == "published.nnc"
    assert found["experiment"]["seeds"] == [0, 3]
    assert {"colanet", "python", "numpy", "numba", "processor", "cores"} == found["versions"].keys()
    a, b = found["variants"]
    assert a["name"] == "a"
    assert a["seeds"] == [0, 3]
    assert a["digests"] == ["abc0", "abc3"]
    assert a["train_seconds"] == [1.25, 4.25]
    assert a["test_seconds"] == [0.5, 0.5]
    assert a["configuration"] == {"copies": 1}
    assert b["configuration"] is None
    # ACC 0.5 and 0.375; drop 0.25 and 0.5, one task before the last: FM and -BWT are the same.
    assert a["metrics"]["ACC"] == {"mean": 0.4375, "sd": pytest.approx(0.125 / math.sqrt(2))}
    assert a["metrics"]["drop"]["mean"] == 0.375
    assert a["metrics"]["BWT"]["mean"] == -0.375
    assert b["metrics"].keys() == {"ACC", "AA"}
    assert b["metrics"]["ACC"]["sd"] is None
    for text in ("# Two tasks", "`colanet continual e.yaml`", "43.8 ± 8.8", "| other | 92 % | arXiv 1 |",
                 "| 1 | 75.0 |  |", "| 2 | 37.5 | 50.0 |", "Tasks: 1 one, 2 two.", "population.L.tau_m = 4",
                 "all tasks mixed", "| a | 0, 3 |", f"colanet {__version__}"):  # fmt: skip
        assert text in texts[".md"], text
    assert not any(str(tiny.ROOT) in text or str(tmp_path) in text for text in texts.values())
    assert summary(made).splitlines()[0].startswith("a: ACC 43.8 ± 8.8, drop 37.5 ± 17.7")


@pytest.mark.parametrize("joint", [False, True])
def test_many_tasks_are_told_in_a_line_without_warnings(joint, tmp_path):
    n = 13
    a = np.where(np.tri(n) > 0, 0.5, NAN)
    if joint:
        a[:-1] = NAN
    part = Repeats(tiny.experiment(joint=joint), "", tuple("abcdefghijklm"), (outcome(a, 0),))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        write_tables(tmp_path, part.experiment, [part], "c")
    text = (tmp_path / "tiny.md").read_text()
    assert "nan" not in text
    assert "50.0 % after 13." in text
    assert ("50.0 % after 10," in text) == (not joint)


def test_one_run_there_and_back(tmp_path):
    written, e = outcome([[0.5, NAN], [0.25, 0.75]], 3), tiny.experiment()
    write_outcome(tmp_path / "r.h5", e, "net", ["one", "two"], written)
    found = read_outcome(tmp_path / "r.h5", e, "net")
    tiny.same(found, written)
    assert (found.train_seconds, found.test_seconds) == (4.25, 0.5)
    for experiment, network in ((tiny.experiment(joint=True), "net"), (e, "other")):
        with pytest.raises(CheckpointError, match="is of another experiment"):
            read_outcome(tmp_path / "r.h5", experiment, network)


def test_what_a_run_cost_goes_with_it(tmp_path):
    path, e = tmp_path / "r.h5", tiny.experiment()
    write_outcome(path, e, "net", ["one"], outcome([[0.5]], 0, cost=COST))
    found = read_outcome(path, e, "net").cost
    assert found.as_dict() == COST.as_dict()
    parts = [Repeats(e, "", ("one",), (outcome([[0.5]], 0, cost=COST), outcome([[0.5]], 3, cost=None)))]
    texts = {file.suffix: file.read_text() for file in write_tables(tmp_path, e, parts, "c")}
    assert json.loads(texts[".json"], parse_constant=pytest.fail)["variants"][0]["costs"] == [
        {"memory": 1_582_000, "answering": 1_000_000, "learning": 570_000, "images": 3, "image_bytes": 12_000,
         "learn_operations": 2.4e6, "test_operations": None},
        None,
    ]  # fmt: skip
    assert "| memory (MB) | stored images |" in texts[".md"]
    assert "| 1.58 | 3 | 2.4 | – |" in texts[".md"]


def test_a_run_of_a_colanet_that_did_not_count_its_cost_is_read(tmp_path):
    from colanet.storage import read_h5, write_h5

    path, e = tmp_path / "r.h5", tiny.experiment()
    write_outcome(path, e, "net", ["one"], outcome([[0.5]], 0, cost=COST))
    arrays, attributes = read_h5(path)
    del attributes["cost"]
    write_h5(path, arrays, attributes)
    found = read_outcome(path, e, "net")
    assert found.cost is None
    write_tables(tmp_path, e, [Repeats(e, "", ("one",), (found,))], "c")
    assert "memory" not in (tmp_path / "tiny.md").read_text()


def test_digests_of_data_go_with_a_run_and_are_compared(tmp_path):
    from colanet.storage import read_h5, write_h5

    path, e, data = tmp_path / "r.h5", tiny.experiment(), {"digits": "c3", "mnist": "b2"}
    made = outcome([[0.5]], 0, data=data)
    write_outcome(path, e, "net", ["one"], made)
    assert read_outcome(path, e, "net", {"mnist": "b2"}).data == data
    with pytest.raises(CheckpointError, match="is of other data of the name mnist"):
        read_outcome(path, e, "net", data | {"mnist": "b3"})
    write_tables(tmp_path, e, [Repeats(e, "", ("one",), (made,))], "c")
    assert json.loads((tmp_path / "tiny.json").read_text())["variants"][0]["data"] == data
    arrays, attributes = read_h5(path)
    del attributes["data"]  # as an older colanet wrote it
    write_h5(path, arrays, attributes)
    assert read_outcome(path, e, "net", {"mnist": "b3"}).data == {}


@pytest.mark.parametrize("lost", ["matrix", "fields", "seed", "digest"])
def test_damaged_runs_are_refused(lost, tmp_path):
    from colanet.storage import read_h5, write_h5

    path, e = tmp_path / "r.h5", tiny.experiment()
    write_outcome(path, e, "net", ["one"], outcome([[0.5]], 0))
    arrays, attributes = read_h5(path)
    del (arrays if lost in arrays else attributes)[lost]
    write_h5(path, arrays, attributes)
    with pytest.raises(CheckpointError, match=f"damaged, it lacks {lost}"):
        read_outcome(path, e, "net")


def test_every_flipped_bit_of_a_run_is_noticed(tmp_path):
    path, e = tmp_path / "r.h5", tiny.experiment()
    write_outcome(path, e, "net", ["one"], outcome([[0.5]], 0))
    for damaged in flipped(path.read_bytes()):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"r\.h5: "):
            read_outcome(path, e, "net")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("matrix", np.zeros((2, 2))), ("matrix", np.full((1, 1), np.nan)), ("matrix", np.full((1, 1), 1.5)),
        ("confusion", np.full((1, 1, 2, 3), 0)), ("confusion", np.full((1, 1, 2, 2), -1)),
        ("untrained", np.zeros(0)), ("running", np.array([np.inf])),
        ("boundaries", np.array([[1]])), ("boundaries", np.array([0])),
        ("fields", np.zeros(3, np.float16)), ("seed", -1), ("seed", 0.5), ("columns", "two"), ("digest", 7),
        ("train_seconds", float("nan")), ("test_seconds", -1.0), ("experiment", 3), ("configuration", None),
        ("cost", "[]"), ("cost", "{"), ("cost", 3),
    ],
    ids=str,
)  # fmt: skip
def test_contents_of_a_run_that_cannot_be_are_refused(name, value, tmp_path):
    from colanet.storage import read_h5, write_h5

    path, e = tmp_path / "r.h5", tiny.experiment()
    write_outcome(path, e, "net", ["one"], outcome([[0.5]], 0))
    arrays, attributes = read_h5(path)
    (arrays if name in arrays else attributes)[name] = value
    write_h5(path, arrays, {key: one for key, one in attributes.items() if one is not None})
    with pytest.raises(CheckpointError, match=r"r\.h5: damaged") as caught:
        read_outcome(path, e, "net")
    assert "\n" not in str(caught.value)


def test_a_checkpoint_is_no_result(tmp_path):
    from colanet.storage import write_h5

    write_h5(tmp_path / "c.h5", {}, {"kind": "checkpoint"})
    with pytest.raises(CheckpointError, match="found checkpoint, expected the outcome of a run"):
        read_outcome(tmp_path / "c.h5", tiny.experiment(), "")
