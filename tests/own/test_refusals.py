"""What cannot be learnt or answered: one line with file and row, exit status 2, and nothing written."""

import gzip

import numpy as np
import pytest

from colanet.datasets.idx import idx_bytes
from colanet.errors import DataError
from colanet.own.pictures import _pixels
from colanet.own.read import read
from colanet.own.samples import Wanted, text_of, whole_labels
from tests.own.made import SMALL, clusters, shapes, write_idx, write_pictures, write_table


@pytest.fixture
def refused(call, tmp_path, monkeypatch):
    """A command that must be refused in one line with these words."""
    monkeypatch.chdir(tmp_path)

    def short(words, *arguments):
        before = sorted(tmp_path.rglob("*"))
        status, out, err = call(*arguments)
        assert (status, out) == (2, "")
        assert err.count("\n") == 1, err
        for word in words:
            assert word in err
        assert sorted(tmp_path.rglob("*")) == before

    return short


def changed(rows, row, column, cell):
    rows = [list(one) for one in rows]
    rows[row][column] = cell
    return rows


OUTPUTS = ("--save", "out/s.h5", "--save-config", "out/net.yaml")
HEADER = ("long", "wide", "number", "kind")
GOOD = clusters(20)
TABLES = {
    "too few fields": ([*GOOD[:4], GOOD[4][:3]], ("t.csv:6: 3 fields, expected 4 as in the first line",)),
    "too many fields": ([*GOOD[:2], (*GOOD[2], 9)], ("t.csv:4: 5 fields",)),
    "a word": (
        changed(GOOD, 3, 1, "many"),
        ("t.csv:5: column wide: 'many', expected a number (1 of 20 cells); correct it or delete the line\n",),
    ),
    "an empty cell": (changed(GOOD, 3, 0, ""), ("t.csv:5: column long: empty, expected a number (1 of 20",)),
    "not a number": (changed(GOOD, 5, 1, " NaN"), ("t.csv:7: column wide: 'NaN', expected a finite number (1 of",)),
    "infinity": (changed(GOOD, 5, 1, "-inf"), ("t.csv:7: column wide: '-inf'",)),
    "too large": (changed(GOOD, 5, 1, "1e999"), ("t.csv:7: column wide: '1e999', expected a finite number",)),
    "half of a column": (
        [(*row[:2], "no", row[3]) if i % 2 else row for i, row in enumerate(GOOD)],
        ("t.csv:3: column number: 'no', expected a number (10 of 20 cells); correct them or delete the lines\n",),
    ),
    "most of a column": (
        [(*row[:2], "?" if i > 8 else i, row[3]) for i, row in enumerate(GOOD)],
        ("t.csv:11: column number: '?', expected a number (11 of 20 cells); --drop number leaves the column",),
    ),
    "decimal commas": (
        [(f'"{row[0].replace(".", ",")}"', *row[1:]) for row in GOOD],
        ("t.csv:2: column long: '", ",", "(20 of 20 cells); a decimal comma? write a point\n"),
    ),
    "no label": (changed(GOOD, 9, 3, " "), ("t.csv:11: no label",)),
    "one class": ([(*row[:3], "left") for row in GOOD], ("t.csv: only one class, left, expected at least two",)),
    "numbers as labels": (
        [(*row[:3], 0.37 * i) for i, row in enumerate(GOOD)],
        ("t.csv: 20 labels that differ in 20 samples", "expected classes; does kind number the samples?\n"),
    ),
    "names only": ([], ("t.csv: no line of numbers",)),
    "an open quote": ([*GOOD[:6], (1, 2, 3, '"left')], ("t.csv:8: cannot be read as a table",)),
}


@pytest.mark.parametrize("case", TABLES)
def test_tables(refused, tmp_path, case):
    rows, words = TABLES[case]
    refused(words, "train", write_table(tmp_path / "t.csv", rows), "--label", "kind", *OUTPUTS)


@pytest.mark.parametrize(
    ("header", "arguments", "word"),
    [
        (HEADER, ("--label", "colour"), "t.csv:1: no column colour; there are long, wide, number, kind"),
        (HEADER, ("--label", "kind", "--drop", "id"), "t.csv:1: no column id; there are"),
        (HEADER, (), "--label NAME must say which column is the label; columns: long"),
        (("Label", "wide", "number", "class"), (), "which one is the label, Label or class"),
        (("long", "long", "number", "kind"), ("--label", "kind"), "t.csv:1: two columns are called long"),
        (("", "wide", "number", "kind"), ("--label", "kind"), "t.csv:1: column 1 has no name (written by pandas?"),
        ((1, 2, 3, 4), ("--label", "4"), "t.csv:1: holds numbers only, expected names of columns"),
        (("kind",), ("--label", "kind"), "t.csv:1: one column, expected several"),
        (
            HEADER,
            ("--label", "kind", "--drop", "long", "--drop", "wide", "--drop", "number"),
            "no column is left beside that of the labels",
        ),
    ],
)  # fmt: skip
def test_columns(refused, tmp_path, header, arguments, word):
    refused((word,), "train", write_table(tmp_path / "t.csv", GOOD, header), *arguments, *OUTPUTS)


def test_files_that_are_no_tables(refused, tmp_path):
    (tmp_path / "t.csv").write_bytes("a,label\n1,b\n2,größe\n".encode("latin-1"))
    refused(("t.csv:3: not UTF-8 text; save it as CSV in UTF-8\n",), "train", "t.csv", *OUTPUTS)
    (tmp_path / "e.csv").write_bytes(b"")
    refused(("e.csv:1: is empty",), "train", "e.csv", *OUTPUTS)
    refused(("nowhere.csv: no such file or folder",), "train", "nowhere.csv", *OUTPUTS)
    (tmp_path / "t.doc").write_text("a")
    refused(("t.doc: unknown kind of file, expected a table (.csv)",), "train", "t.doc", *OUTPUTS)
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    refused(("t.xlsx: a workbook, expected a table; save it as CSV\n",), "train", "t.xlsx", *OUTPUTS)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n")[:-9])
    refused(("t.csv.gz: cannot be read",), "train", "t.csv.gz", *OUTPUTS)


# ------------------------------------------------------------------- pictures


@pytest.fixture
def pictures(tmp_path):
    pytest.importorskip("PIL", reason='pip install "colanet[images]" brings Pillow')
    return write_pictures(tmp_path / "p", 12)


def test_pictures_of_two_sizes(refused, pictures):
    from PIL import Image

    Image.new("L", (7, 6)).save(pictures / "slant" / "002.png")
    refused(("p/slant/002.png: 7 x 6 pixels, expected 6 x 6 as of", "p/column/001.png"), "train", "p", *OUTPUTS)


def test_a_picture_without_a_class(refused, pictures):
    (pictures / "row" / "000.png").rename(pictures / "z.png")
    refused(("p/z.png: no label, expected images in a subfolder a class",), "train", "p", *OUTPUTS)


def test_folders_without_pictures(refused, pictures, tmp_path):
    (pictures / "empty").mkdir()
    refused(("p/empty: holds no images",), "train", "p", *OUTPUTS)
    (tmp_path / "q").mkdir()
    refused(("q: holds no images",), "train", "q", *OUTPUTS)


def test_a_damaged_picture(refused, pictures):
    path = pictures / "row" / "003.png"
    path.write_bytes(path.read_bytes()[:40])
    refused(("p/row/003.png: cannot be read as an image",), "train", "p", *OUTPUTS)


def test_pictures_of_one_class(refused, pictures):
    for name in ("row", "slant"):
        for path in (pictures / name).iterdir():
            path.unlink()
        (pictures / name).rmdir()
    refused(("p: only one class, column",), "train", "p", *OUTPUTS)


def test_one_picture(refused, pictures):
    refused(("p/row/000.png: one image, expected a folder",), "train", "p/row/000.png", *OUTPUTS)


@pytest.mark.parametrize("option", ["--label", "--drop"])
def test_pictures_have_no_columns(refused, pictures, option):
    refused((f"p: has no columns, expected no {option}\n",), "train", "p", option, "kind", *OUTPUTS)


# --------------------------------------------------------------------- arrays


def arrays(**changes):
    x, y = shapes(12)
    return {name: array for name, array in ({"X": x, "y": y} | changes).items() if array is not None}


NAN = np.where(np.arange(432).reshape(12, 6, 6) == 40, np.nan, 1.0)
ARCHIVES = {
    "no labels": (arrays(y=None), ("a.npz: has the arrays X, expected X and y",)),
    "unknown names": (arrays(X=None, y=None, a=np.ones((3, 2)), b=np.ones(3)), ("a.npz: has the arrays a, b",)),
    "too few labels": (arrays(y=np.arange(3)), ("a.npz: X of shape (12, 6, 6), y of shape (3,)",)),
    "not a number": (arrays(X=NAN), ("a.npz: X: sample 1: value 4: nan, expected a finite number",)),
    "a label that is no number": (arrays(y=[0, 1, np.nan] * 4), ("a.npz: X: sample 2: no label",)),
    "texts": (arrays(X=np.array([["a", "b"]] * 12)), ("a.npz: cannot be read as an archive", "expected numbers")),
    "one class": (arrays(y=np.zeros(12)), ("a.npz: only one class, 0",)),
    "nothing": (arrays(X=np.zeros((12, 0))), ("a.npz: X: an array of shape (12, 0)",)),
    "parts of two sizes": (
        {"x_train": np.ones((4, 3)), "y_train": [0, 1, 0, 1], "x_test": np.ones((2, 4)), "y_test": [0, 1]},
        ("a.npz: x_test: sample 0: shape (4,), expected (3,) as for training",),
    ),
    "a class that was not taught": (
        {"x_train": np.eye(4), "y_train": [0, 1, 0, 1], "x_test": np.ones((2, 4)), "y_test": [0, 2]},
        ("a.npz: x_test: sample 1: label 2, expected one of those for training: 0, 1",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives(refused, tmp_path, case):
    content, words = ARCHIVES[case]
    np.savez(tmp_path / "a.npz", **content)
    refused(words, "train", "a.npz", *OUTPUTS)


def test_arrays_by_name_and_test_parts(refused, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays())
    refused(("a.npz: no array kind; there are X, y",), "train", "a.npz", "--label", "kind", *OUTPUTS)
    np.savez(tmp_path / "b.npz", x_train=np.eye(4), y_train=[0, 1, 0, 1], x_test=np.eye(4), y_test=[0, 1, 0, 1])
    refused(("b.npz: has a test part of its own",), "train", "b.npz", "--test-share", "0.5", *OUTPUTS)
    (tmp_path / "c.npz").write_bytes(b"PK no archive")
    refused(("c.npz: cannot be read as an archive",), "train", "c.npz", *OUTPUTS)
    refused(("a.npz: has no columns, expected no --drop",), "train", "a.npz", "--drop", "kind", *OUTPUTS)


def test_idx_files(refused, tmp_path):
    folder = write_idx(tmp_path / "i", 12, 6)
    for data in ("i", "i/train-images-idx3-ubyte"):
        for option in ("--label", "--drop"):
            refused((f"{data}: has no columns, expected no {option}\n",), "train", data, option, "kind", *OUTPUTS)
    labels = folder / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes(idx_bytes(np.zeros(5, np.uint8)))
    refused(("t10k-labels-idx1-ubyte.gz: 5 labels for 6 images of t10k-images-idx3-ubyte",), "train", "i", *OUTPUTS)
    labels.unlink()
    refused(("i/t10k-images-idx3-ubyte: its labels are missing",), "train", "i", *OUTPUTS)


# -------------------------------------------------------------------- outputs


def test_places_that_cannot_be_written(refused, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays())
    (tmp_path / "folder.h5").mkdir()
    refused(("folder.h5: cannot be written: is a folder",), "train", "a.npz", "--save", "folder.h5")
    refused(("a.npz: another output",), "train", "a.npz", "--save", "a.npz")
    refused(("unknown kind of file '.txt'",), "train", "a.npz", "--save-config", "net.txt")
    pytest.importorskip("matplotlib")
    refused(("a.doc",), "train", "a.npz", "--fields", "a.doc")


# -------------------------------------------------------------------- predict


@pytest.fixture
def state(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call("train", write_table(tmp_path / "t.csv", GOOD), "--label", "kind", *SMALL, "--quiet")[0] == 0
    return "t.state.h5"


def test_answers_need_what_was_learnt(refused, tmp_path, state):
    lacking = write_table(tmp_path / "l.csv", [(1, 2)], ("long", "number"))
    refused(("l.csv:1: no column wide; there are long, number",), "predict", state, lacking)
    bad = write_table(tmp_path / "b.csv", [(1, 2, 3), (1, "", 3), (1, "", 3)], ("long", "wide", "number"))
    most = "b.csv:3: column wide: empty, expected a number (2 of 3 cells); correct them or delete the lines\n"
    refused((most,), "predict", state, bad, "--out", "answers.csv")
    np.savez(tmp_path / "a.npz", X=np.ones((2, 5)))
    refused(("a.npz: samples of shape (5,), expected (3,)",), "predict", state, "a.npz")
    refused(("a.npz: has no columns, expected no --keep",), "predict", state, "a.npz", "--keep", "number")
    refused(("l.csv:1: no column colour; there are long, number",), "predict", state, lacking, "--keep", "colour")
    refused(("--keep votes_left: the answers have a column",), "predict", state, "t.csv", "--keep", "votes_left")
    refused(("nowhere.h5: no such file",), "predict", "nowhere.h5", "t.csv")
    refused(("t.csv: not a readable HDF5 file",), "predict", "t.csv", "t.csv")
    refused(("t.csv: another output",), "predict", state, "t.csv", "--out", "t.csv")


def test_a_state_of_a_run_does_not_say_what_its_samples_are(refused, call, tmp_path, state):
    assert call("train", "t.csv", "--label", "kind", *SMALL, "--quiet", "--save-config", "net.yaml")[0] == 0
    assert call("run", "net.yaml", "--save", "plain.h5", "--threads", 1, "--quiet")[0] == 0
    advice = "colanet train DATA --network CONFIG --save STATE makes a state that does\n"
    refused((f"plain.h5: does not say how samples are coded; {advice}",), "predict", "plain.h5", "t.csv")


def test_labels_may_be_whole_numbers_with_a_point():
    """Programs write 1.0 for 1 once a label is missing."""
    assert whole_labels(["1.0", "", "-2", "3.00"]) == ("1", "", "-2", "3")
    assert whole_labels(["01", "2.5"]) == ("01", "2.5")
    assert whole_labels(["1.0", "elm"]) == ("1.0", "elm")
    assert [text_of(label) for label in (2.0, float("nan"), 2.5, "a ")] == ["2", "", "2.5", "a"]


def test_separators_in_quotes_and_blank_lines_before_the_names(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('\n;;;\na;b;"size (x,y,z,w)";y\n1;2;3;u\n4;5;6;v\n')
    found = read(path, Wanted(label="y"))
    assert found.features == ("a", "b", "size (x,y,z,w)")
    assert found.train.values.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_an_underscore_makes_no_number(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n2024_01,u\n1,v\n")
    with pytest.raises(DataError, match=r"t\.csv:2: column a: '2024_01', expected a number"):
        read(path, Wanted(label="y"))


def test_pictures_that_would_be_black(tmp_path):
    images = pytest.importorskip("PIL.Image", reason='pip install "colanet[images]" brings Pillow')
    stroke = np.zeros((4, 4, 2), np.uint8)
    stroke[1, :, 1] = 255  # black ink on nothing
    images.fromarray(stroke, "LA").save(tmp_path / "ink.png")
    assert _pixels(tmp_path / "ink.png").tolist() == [[255] * 4, [0] * 4, [255] * 4, [255] * 4]
    images.fromarray(np.full((4, 4), 200, np.uint16)).save(tmp_path / "dim.png")
    with pytest.raises(DataError, match=r"dim\.png: pixels of 16 bits with values below 256"):
        _pixels(tmp_path / "dim.png")
    images.fromarray(np.full((4, 4), 0.5, np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(DataError, match=r"f\.tif: pixels of 32-bit floats"):
        _pixels(tmp_path / "f.tif")


def test_more_passes_than_memory_holds(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("colanet.plan.memory.available", lambda: 10_000)
    write_table(tmp_path / "t.csv", clusters(80))
    status, _, err = call("train", "t.csv", "--label", "kind", "--passes", "900")
    assert status == 2
    assert "900 passes of these samples take" in err
    assert not list(tmp_path.glob("*.h5"))
