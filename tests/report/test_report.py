"""`colanet report`: what a page says is what the files hold and what the network did."""

import json
import re
import struct
import sys
import zlib

import numpy as np
import pytest

from colanet.checkpoints import saved_state
from colanet.commands.report import report as command
from colanet.errors import CheckpointError
from colanet.report import about_course, charts
from colanet.report.compare import compared, flat, names_of
from colanet.report.decision import chosen, kind_of, ranges
from colanet.report.decision import explained as explain
from colanet.report.fields import Neurons, coloured, palette
from colanet.report.png import mosaic, png
from colanet.report.read import read
from colanet.report.replay import Shown, state_of
from colanet.report.whole import Wishes, page_of
from colanet.session import Session
from colanet.storage import read_h5, write_h5
from tests.report import MATRIX, PAGE, content, write_course


@pytest.fixture(scope="module")
def shown(folder):
    """The network of the page, shown 60 images again."""
    run, state = read(folder / "out" / "results.h5"), folder / "state.h5"
    return Shown(run, state, state_of(run, state), 60)


# ------------------------------------------------------------------------------- small parts


def test_a_png_holds_its_pixels():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    data, at, parts = png(pixels, palette()), 8, {}
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size]) == (zlib.crc32(name + body),)
        parts[name], at = body, at + 12 + size
    assert struct.unpack(">IIBB", parts[b"IHDR"][:10]) == (4, 3, 8, 3)
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(3, 5)
    assert np.array_equal(rows, np.insert(pixels, 0, 0, axis=1))
    assert len(parts[b"PLTE"]) == 3 * 256


def test_colours_of_weights():
    assert coloured(np.array([-9.0, -2, 0, 1, 2, np.nan]), 2.0).tolist() == [0, 0, 127, 190, 254, 255]
    red, _, blue = palette()[254].tolist()
    assert red > 150 > blue
    assert palette()[127].tolist() == [247, 247, 247]


def test_a_mosaic_goes_row_by_row():
    pictures = np.arange(1, 4, dtype=np.uint8)[:, None, None] * np.ones((1, 1, 2), np.uint8)
    assert mosaic(pictures, 2).tolist() == [[1, 1, 2, 2], [3, 3, 0, 0]]


def test_small_words():
    assert ranges([7, 1, 2, 3, 5]) == "1–3, 5, 7"
    assert [kind_of(a, b) for a, b in [(1, 1), (-1, -1), (-1, 2), (1, 2), (1, -1)]] == [
        "right", "right", "unanswered", "wrong", "wrong",
    ]  # fmt: skip
    assert dict(flat({"a": [{"name": "L", "x": 1}, {"source": "R", "target": "L", "w": [1, 2]}], "b": None})) == {
        "a.L.name": "L", "a.L.x": "1", "a.R->L.source": "R", "a.R->L.target": "L", "a.R->L.w": "[1, 2]",
        "b": "None",
    }  # fmt: skip
    assert charts.blocks(np.arange(40) % 4 == 0) == (list(range(2, 41, 2)), [50.0, 0.0] * 10)


# ---------------------------------------------------------------------------- runs shown again


def test_the_network_is_that_of_the_run(folder, shown):
    session = Session(shown.run.network, copies=2, train=1, test=0)
    session.load(folder / "state.h5")
    again = shown.session.engine.state()
    for name in ("resource", "contributes"):
        assert np.array_equal(again[f"1/R->L/{name}"], session.state()[f"1/R->L/{name}"]), "it has not learnt"
    # It begins at rest, so that the first image alone may differ.
    votes = read_h5(folder / "out" / "results.h5")[0]["votes"]
    assert np.array_equal(shown.votes[1:], votes[1001:1060])
    assert np.array_equal(shown.answers[1:], shown.stored[1:])
    assert np.array_equal(shown.labels, shown.run.labels[1000:1060])


def test_what_is_explained_is_what_happened(shown):
    images, fired = {3: 1, 17: 0, 58: 1}, 0
    for image, traces in shown.traces(images):
        for name, trace in traces.items():
            rows = shown.spikes(name, images[image])
            rows = rows[rows[:, 0] // 20 == image] - [image * 20, 0]
            assert np.array_equal(np.argwhere(trace.fired), rows)
            assert (trace.awake & (trace.excess > 0))[trace.fired].all()
        fired += traces["L"].fired.sum()
    assert fired >= 2


def test_the_best_images_are_those_with_most_spikes(shown):
    counts = shown.counts("L", 1)
    best = shown.best("L", 1, 4)
    assert counts.sum() == len(shown.session.spikes("L", 1))
    for neuron, row in enumerate(best):
        assert [n for _, n in row] == sorted(counts[:, neuron], reverse=True)[: len(row)]
        assert len(row) == min(4, np.count_nonzero(counts[:, neuron]))
        assert all(counts[image, neuron] == n for image, n in row)


def test_the_story_of_a_decision(shown):
    images = chosen(shown, 1, [1005])
    assert images[0] == 5
    kinds = {kind_of(int(shown.answers[i]), int(shown.labels[i])) for i in images}
    assert kinds == {"right", "wrong", "unanswered"}
    decision = next(d for d in explain(shown, images, 0) if d.kind == "right" and d.story)
    spike = next(text for _, text in decision.story if text.startswith("L "))
    neuron, column = map(int, re.match(r"L (\d+) \(column (\d+)\) fired: potential", spike).groups())
    mates = [n for n in range(15 * column, 15 * column + 15) if n != neuron]
    assert f"It silences L {ranges(mates)} after 1 ms, for 10 ms." in spike
    answer = dict(decision.facts)["answer"]
    assert any(text.startswith(f"OUT {answer} fired") for _, text in decision.story)
    raster = decision.charts[1].figure["data"]
    assert [trace["name"] for trace in raster] == ["R", "L", "OUT", "BIASGATE"]


def test_neurons_are_those_of_the_state(folder, shown):
    plan, state = saved_state(folder / "state.h5")
    neurons = Neurons(plan, state, 1, shown)
    made = neurons.mosaic()
    facts = dict(made.neurons["17"])
    session = Session(shown.run.network, copies=2, train=1, test=0)
    session.load(folder / "state.h5")
    assert facts["threshold"] == f"{session.thresholds('L', 1)[17]:.3f}"
    assert facts["stability"] == f"{session.stability('L', 1)[17]:.3f}"
    assert facts["spikes, 60 images"] == str(shown.counts("L", 1)[:, 17].sum())
    assert made.columns[1] == ("1", list(range(15, 30)))
    weights, *_ = (chart.figure["data"][0] for chart in neurons.charts())
    assert sum(weights["y"]) == 784 * 150


# ------------------------------------------------------------------------------------- pages


def test_the_page_of_a_run(folder):
    text = (folder / "report.html").read_text(encoding="utf-8")
    arrays, attributes = read_h5(folder / "out" / "results.h5")
    result = json.loads(attributes["result"])
    assert f"<dd>{100 * result['accuracy']:.2f} %</dd>" in text
    assert result["digest"] in text
    assert result["data"][0]["sha256"] in text
    held = content(text)
    matrix = next(f["data"][0] for f in held["figures"] if f["data"][0]["type"] == "heatmap")
    cells = [[int(cell or 0) for cell in row] for row in matrix["text"]]
    assert cells == arrays["confusion"][:10].tolist()
    assert text.count('<button type="button" class="tile') == len(held["mosaics"][0]["neurons"]) == 150
    assert text.count('<details class="decision') >= 5
    # Nothing is fetched: every address is inside the page.
    outside = re.sub(r'<script type="text/plain" id="plotly">.*?</script>', "", text, flags=re.DOTALL)
    assert re.findall(r"(?:src|href|url|action)\s*[=(]\s*[\"']?(?!data:|#|\$)[\w/.:]+", outside) == []


def test_results_without_labels_have_a_page(folder, tmp_path):
    """Those of a closed loop: there are answers, but nothing to compare them with."""
    arrays, attributes = read_h5(folder / "out" / "results.h5")
    result = json.loads(attributes["result"]) | {"accuracy": None, "unanswered": None}
    arrays = {name: array for name, array in arrays.items() if name != "confusion"}
    arrays["labels"] = arrays["labels"][:0]
    write_h5(tmp_path / "r.h5", arrays, attributes | {"result": json.dumps(result)})
    text = page_of([tmp_path / "r.h5"], Wishes())
    assert result["digest"] in text


def test_the_page_tells_what_the_docs_quote(folder):
    text = (folder / "report.html").read_text(encoding="utf-8")
    story = text[text.index("</b> image 1009: class 9, answer 7") :]
    (quoted,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert quoted.count("\n") == 4
    for line in quoted.splitlines():
        name, told = line.split(": ", 1)
        assert f"<b>{name}</b> {told}" in story or f"<dt>{name}</dt><dd>{told}</dd>" in story


def test_what_changed_between_two_runs(folder):
    sources = [read(folder / name / "results.h5") for name in ("out", "other")]
    section = compared(sources)
    figures, differences = section.tables
    assert differences.heading == ("what", "out/results.h5", "other/results.h5")
    assert differences.rows == [["configuration.populations.L.hebbian_rate", "-0.185869", "-0.07"]]
    a, b = (100 * source.result["accuracy"] for source in sources)
    assert figures.rows[0] == ["accuracy", f"{a:.2f} %", f"{b:.2f} %", f"{b - a:+.2f} points"]
    change = next(c.figure["data"][0] for c in section.charts if c.caption.startswith("Change"))
    assert np.allclose(np.sum(change["z"], axis=1), 0, atol=0.02)


def test_the_page_of_several_tasks(folder, tmp_path):
    course = read(folder / "results" / "letters" / "parameters_of_MNIST_seed0.h5")
    assert about_course.seen_so_far(course.outcome.matrix) == ([1, 2, 3], [90.0, 75.0, pytest.approx(61.67)])
    assert about_course.figures_of(course)["loss of the first task (drop)"] == pytest.approx(0.4)
    text = (folder / "letters.html").read_text(encoding="utf-8")
    held = content(text)
    matrix, curves, confusion = (figure["data"] for figure in held["figures"][:3])
    assert np.allclose(np.array(matrix[0]["z"], dtype=float), 100 * MATRIX, equal_nan=True)
    assert curves[1]["name"] == "1 a"
    assert curves[1]["y"] == [90.0, 80.0, 50.0]
    assert confusion[0]["text"] == [["9", "3"], ["6", "12"]]
    assert [stage["name"] for stage in held["mosaics"][0]["stages"]] == ["a (task 1)", "b (task 2)", "c (task 3)"]
    assert re.findall(r'class="tile unused" data-neuron="(\d+)"', text) == ["5"]
    other = read(write_course(tmp_path / "b.h5", 1))
    rows = compared([course, other]).tables[1].rows
    assert rows == [["configuration.populations.L.tau_m", "5", "6"], ["seed", "0", "1"]]


def test_files_of_one_name_are_told_apart(folder):
    run = read(folder / "out" / "results.h5")
    assert names_of([run]) == ["results.h5"]
    assert names_of([run, run]) == [f"{i}: {'/'.join(run.path.parts[-3:])}" for i in (1, 2)]


# ------------------------------------------------------------------------------------ errors

RUN = ("out/results.h5", "--load", "state.h5")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.h5"], "none.h5: no such file"),
        (["state.h5"], "state.h5: found state, expected results of colanet run --out or of colanet continual;"),
        (["other/results.h5", *RUN[1:]], "state.h5: holds another state; expected the state that other/results"),
        ([*RUN, "--copy", 2], "--copy 2: expected 0..1, there are 2 copies"),
        ([*RUN, "--image", 5], "--image 5: expected 1000..1199, the test images shown again"),
        (["out/results.h5", "--image", 1005], "--image: expected a saved state, by --load, and images"),
        ([*RUN, "--load", "state.h5"], "--load: 2 for 1 results of colanet run, expected a state for each of them"),
        (["out/results.h5", "--out", "out/results.h5"], "out/results.h5: is read, expected another file"),
        (["out/results.h5", "--out", "out"], "out: cannot be written: is a folder"),
    ],
)
def test_what_is_wrong_is_one_line(call, folder, monkeypatch, words, message):
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*"))
    status, out, err = call("report", "--out", "new.html", "--quiet", *words)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("accuracy", "0.9", "accuracy is '0.9', expected a number"),
        ("steps", None, "steps is None, expected a whole number"),
        ("test_images", 300, "1300 images, 1200 labels and 1200 answers"),
        ("data", [1], "data is [1], expected names and digests"),
        ("digest", 5, "digest is 5, expected a text"),
    ],
)
def test_results_that_no_run_writes(folder, tmp_path, name, value, message):
    arrays, attributes = read_h5(folder / "out" / "results.h5")
    attributes["result"] = json.dumps(json.loads(attributes["result"]) | {name: value})
    write_h5(tmp_path / "a.h5", arrays, {k: v for k, v in attributes.items() if not k.startswith("colanet_")})
    with pytest.raises(CheckpointError, match=re.escape(f"a.h5: damaged, {message}")):
        read(tmp_path / "a.h5")


def test_without_plotly_the_command_says_what_to_install(call, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    status, _, err = call("report", folder / "out" / "results.h5", "--out", folder / "new.html")
    assert (status, err) == (2, 'plotly is not installed: pip install "colanet[report]"\n')


def test_the_docs_name_every_option_and_their_python_runs(folder, monkeypatch):
    for parameter in command.params:
        assert parameter.param_type_name == "argument" or all(name in PAGE for name in parameter.opts)
    monkeypatch.chdir(folder)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/report.md", "exec"), {"__name__": "page"})
