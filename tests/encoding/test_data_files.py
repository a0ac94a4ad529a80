"""Data files of configurations: what is right is read, and every fault is one line with file and line."""

import gzip
import io
from itertools import pairwise

import numpy as np
import pytest

from colanet.config.model import BinaryInput, ImageInput, NoiseInput, TargetInput, TextInput, ValuesInput
from colanet.encoding import build_sources
from colanet.errors import DataError


def nodes(source, stop=None):
    ptr, index = source.spikes(0, source.n_steps if stop is None else stop)
    return [index[a:b].tolist() for a, b in pairwise(ptr)]


def one(described, folder, content=None, **more):
    """The source of one input that reads `content`."""
    if content is not None:
        (folder / "d").write_bytes(content)
    return build_sources((described,), base_dir=folder, **more).sources[0]


def text(**more):
    return TextInput(name="R", source="d", **more)


def binary(**more):
    return BinaryInput(name="R", source="d", **more)


def image(**more):
    return ImageInput(**{"name": "R", "source": "d", "period": 2, "shape": (2, 1, 1)} | more)


def values(**more):
    return ValuesInput(**{"name": "R", "source": "d", "period": 1} | more)


def labels(**more):
    wanted = {"name": "T", "size": 3, "target_file": "d", "learning_time": 4, "period": 2, "spike_period": 1}
    return TargetInput(**wanted | more)


FAULTS = [
    (text(), b"", "d: is empty"),
    (text(), b"\n@.\n", "d:1: is empty"),
    (text(), b"@.\n.x\n", "d:2: character 'x'"),
    (text(), "@.\n.\u00e9\n".encode(), "d:2: character '\u00e9'"),
    (text(), b"@.\n@..\n", "d:2: 3 characters, expected 2"),
    (text(), b"@.\n\n@.\n", "d:2: 0 characters, expected 2"),
    (text(size=3), b"@.\n", "d:1: 2 characters, expected 3"),
    (binary(), bytes(8), "needs its number of nodes"),
    (binary(size=65), bytes(24), "d: 24 bytes, expected a multiple of 16 for 65 nodes"),
    (binary(size=3), b"", "d: 0 bytes"),
    (binary(size=3), bytes(8) + b"\x08" + bytes(7), "d: step 1 has spikes beyond its 3 nodes"),
    (image(), b"", "d: 0 bytes"),
    (image(), b"abc", "d: 3 bytes, expected 0 and a multiple of 2"),
    (image(offset=4), b"abcd", "d: 4 bytes, expected 4 and a multiple of 2"),
    (image(offset=9), b"abcd", "d: 4 bytes, expected 9 and a multiple of 2"),
    (image(shape=None), b"abcd", "needs width, height and channels"),
    (image(size=3), b"abcd", "images of 2 pixels, expected 3"),
    (image(source="mnist", shape=(28, 27, 1)), b"", "images of 28 x 28 x 1"),
    (values(), b"\n", "d: is empty"),
    (values(), b"1,2\n3,x\n", "d:2: 'x' is not a number"),
    (values(), b"1,2\n3,\n", "d:2: '' is not a number"),
    (values(), b"1,2\n3\n", "d:2: 1 number, expected 2"),
    (values(), b"1,2\n3,nan\n", "d:2: 'nan' is not a number"),
    (values(), b"1,2\n3,1_0\n", "d:2: '1_0' is not a number"),
    (values(), b"1,2\n3,1e999\n", "d:2: a number is too large"),
    (values(), b"1,\xff\n", "d: not a text file, byte 2"),
    (values(size=1), b"1,2\n", "d:1: 2 numbers, expected 1"),
    # A first line of names is skipped, and lines are counted with it.
    (values(), b"n0,n1\n1,2\n3\n", "d:3: 1 number, expected 2"),
    (values(), b"n0,n1\n1,2\n3,x\n", "d:3: 'x' is not a number"),
    (values(), b"n0,n1\n1,1e999\n", "d:2: a number is too large"),
    (values(), b"n0,n1\n1,2\nn0,n1\n", "d:3: 'n0' is not a number"),
    (values(size=3), b"n0,n1\n1,2,3\n", "d:1: 2 names, expected 3"),
    (values(), b"n0,n1\n", "d: has names in its first line, but no numbers"),
    (values(), b",n0,n1\n0,1,2\n", "d:1: column 1 has no name; expected one for every node"),
    # What may be a record is not lost as a header.
    (values(), b"n0,1\n1,2\n", "d:1: 'n0' is not a number"),
    (values(), b"nan,inf\n1,2\n", "d:1: 'nan' is not a number"),
    (values(), b'"1","2"\n1,2\n', "d:1: '\"1\"' is not a number"),
    (values(), b"0.5;2\n1;1\n", "d:1: '0.5;2' is not a number"),
    (values(), b",\n1,2\n", "d:1: '' is not a number"),
    (values(), b"\n1,2\n", "d:1: is empty"),
    (labels(), b"", "d: is empty"),
    (labels(), b"0\n1\n3\n", "d:3: label 3, expected 0..2"),
    (labels(), b"0\n-1\n", "d:2: label -1, expected 0..2"),
    (labels(no_class="-1"), b"0\n-2\n", "d:2: label -2, expected 0..2 or '-1' for no class"),
    (labels(no_class="0"), b"1\n4\n", "d:2: label 4, expected 1..3 or '0' for no class"),
    (labels(no_class="1"), b"1\n4\n", "d:2: label 4, expected 0..3 without 1 or '1' for no class"),
    (labels(no_class="-"), b"1\nx\n", "d:2: 'x' is not a label, expected a whole number or '-' for no class"),
    (labels(), b"0\ntwo\n", "d:2: 'two' is not a label"),
    (labels(), b"0\n\n1\n", "d:2: '' is not a label"),
    (labels(), b"0\n1.5\n", "d:2: '1.5' is not a label"),
    (labels(), b"0\n1e999\n", "d:2: '1e999' is not a label"),
    (labels(), "0\n\u0663\n".encode(), "d:2: '\u0663' is not a label"),
    (labels(), b"0\n" + b"9" * 5000 + b"\n", "d:2: '9999"),
    (labels(target_file="mnist"), b"", "mnist: label 9, but input T has 3 classes"),
]


@pytest.mark.parametrize(("described", "content", "message"), FAULTS)
def test_faults(tmp_path, described, content, message):
    with pytest.raises(DataError) as caught:
        one(described, tmp_path, content)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("described", [text(), binary(size=1), image(), values(), labels()])
def test_missing_file(tmp_path, described):
    with pytest.raises(DataError, match="d: no such file"):
        one(described, tmp_path)


def test_label_file_short(tmp_path):
    (tmp_path / "i").write_bytes(bytes(6))
    (tmp_path / "d").write_bytes(b"0\n1\n")
    with pytest.raises(DataError, match=r"input R has 3 objects of 2 steps, but d has 2 labels"):
        build_sources((image(source="i"), labels()), base_dir=tmp_path)


def test_text(tmp_path):
    for content in (b"@.@\n...\n.@.\n", b"@.@\r\n...\r\n.@.\r\n\r\n", b"@.@\n...\n.@."):
        made = one(text(), tmp_path, content)
        assert made.size == 3
        assert made.n_steps == 3
        assert nodes(made) == [[0, 2], [], [1]]


def test_binary(tmp_path):
    made = one(binary(size=66), tmp_path, b"\x05" + bytes(7) + b"\x02" + bytes(7) + bytes(16))
    assert made.n_steps == 2
    assert nodes(made) == [[0, 2, 65], []]


def test_binary_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("colanet.encoding.files.ROOM", 128)
    made = one(binary(size=64), tmp_path, b"".join((1 << k).to_bytes(8, "little") for k in range(64)))
    assert nodes(made) == [[k] for k in range(64)]


def test_images_may_begin_like_gzip_and_may_be_gzipped(tmp_path):
    made = one(image(offset=1, shape=(1, 1, 1)), tmp_path, b"\x1f\x8b\xff")
    assert made.n_steps == 4
    (tmp_path / "d.gz").write_bytes(gzip.compress(b"\xff\x00"))
    assert nodes(one(image(source="d.gz"), tmp_path)) == [[0], [0]]
    (tmp_path / "d.gz").write_bytes(b"\xff\x00")
    with pytest.raises(DataError, match=r"d\.gz: cannot be read"):
        one(image(source="d.gz"), tmp_path)


def test_values(tmp_path):
    # Saturation 2: 1 is half, so every second step; 5 is clipped to 1; -3 to 0. The state is carried over.
    made = one(values(saturation=2.0, period=3, presentation=2), tmp_path, b"1, 5,-3\n1e0,.5,0.\n")
    assert made.size == 3
    assert nodes(made) == [[1], [0, 1], [], [], [0], []]
    made = one(values(saturation=2.0, period=1), tmp_path, b"0.5\n0.5\n1.5\n1.5\n0\n2\n")
    assert nodes(made) == [[], [], [0], [0], [], [0]]  # sums 1/4, 1/2, 5/4, 1, 0, 1


PLAIN = b"0.5,2\n2,0\n1,1\n"
HEADERS = [b"n0,n1\n", b"n0,n1\r\n", b" n0 , n1 \n", b"# n0,n1\n", b'"n0","n1"\n', "\ufeffпиксель,b\n".encode()]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("size", [None, 2])
def test_a_header_of_names_is_skipped(tmp_path, header, size):
    described = values(saturation=2.0, period=5, presentation=4, size=size)
    plain = nodes(one(described, tmp_path, PLAIN))
    # Of saturation 2: a quarter and 1, 1 and 0, a half and a half spike a step, the rest carried over.
    assert plain[:5] == [[1], [1], [1], [0, 1], []]
    assert plain[10:] == [[], [0, 1], [], [0, 1], []]
    assert nodes(one(described, tmp_path, header + PLAIN)) == plain
    (tmp_path / "d.gz").write_bytes(gzip.compress(header + PLAIN))
    assert nodes(one(described.model_copy(update={"source": "d.gz"}), tmp_path)) == plain
    from_pipe = described.model_copy(update={"source": None})
    assert nodes(one(from_pipe, tmp_path, stdin=io.BytesIO(header + PLAIN))) == plain


def test_a_header_is_no_record_to_skip_or_to_ask_for(tmp_path):
    described = values(saturation=2.0, period=5, presentation=4)
    skipped = described.model_copy(update={"skip": 5})
    assert nodes(one(skipped, tmp_path, b"a,b\n" + PLAIN)) == nodes(one(skipped, tmp_path, PLAIN))
    asked = {"n_train": 2, "n_test": 0}
    shown = build_sources((described,), base_dir=tmp_path, **asked)
    (tmp_path / "d").write_bytes(b"a,b\n" + PLAIN)
    again = build_sources((described,), base_dir=tmp_path, **asked)
    assert nodes(again.sources[0]) == nodes(shown.sources[0])


def test_a_first_row_of_numbers_is_a_record(tmp_path):
    assert nodes(one(values(), tmp_path, b"0,1\n1,0\n")) == [[1], [0]]


BOM = "\ufeff"


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_byte_order_mark_is_no_character_of_any_text_file(tmp_path, coding):
    def written(content):
        marked = content if coding in ("utf-8-sig", "utf-16", "utf-32") else BOM + content
        return marked.encode(coding)

    assert nodes(one(text(), tmp_path, written("@.\n.@\n"))) == [[0], [1]]
    assert nodes(one(values(), tmp_path, written("0,1\n1,0\n"))) == [[1], [0]]
    assert nodes(one(values(), tmp_path, written("a,b\n0,1\n"))) == [[1]]
    assert nodes(one(labels(), tmp_path, written("2\n0\n"))) == [[2], [2], [0], [0]]
    (tmp_path / "m").write_bytes(written("left\nright\n"))
    named = text(labels="m")
    (tmp_path / "d").write_bytes(written("@.\n"))
    assert build_sources((named,), base_dir=tmp_path).node_labels == {"R": ("left", "right")}


def test_marks_inside_a_file_are_none_either(tmp_path):
    # As they come into files that were put together of others.
    assert nodes(one(labels(learning_time=9), tmp_path, f"{BOM}{BOM}2\n{BOM}0\n".encode())) == [[2], [2], [0], [0]]


def test_half_a_character_is_one_clear_line(tmp_path):
    with pytest.raises(DataError, match="d: has the byte order mark of utf-16, but is not utf-16 text"):
        one(labels(), tmp_path, "0\n1\n".encode("utf-16")[:-1])


def test_labels_as_numpy_writes_them(tmp_path):
    wanted = np.array([2, 0, 1, 2])
    np.savetxt(tmp_path / "d", wanted)
    assert b"2.000000000000000000e+00" in (tmp_path / "d").read_bytes()
    shown = build_sources((labels(learning_time=8),), base_dir=tmp_path)
    assert shown.labels.tolist() == wanted.tolist()
    np.savetxt(tmp_path / "d", wanted, fmt="%.1f", newline="\r\n")
    assert build_sources((labels(),), base_dir=tmp_path).labels.tolist() == wanted.tolist()
    np.savetxt(tmp_path / "d", wanted, fmt="%d", encoding="utf-8-sig")
    assert build_sources((labels(),), base_dir=tmp_path).labels.tolist() == wanted.tolist()


def test_standard_input(tmp_path):
    made = one(TextInput(name="R"), tmp_path, stdin=io.BytesIO(b"@.\n.@\n"))
    assert nodes(made) == [[0], [1]]
    with pytest.raises(DataError, match="standard input:1: character 'x'"):
        one(TextInput(name="R"), tmp_path, stdin=io.BytesIO(b"x\n"))
    with pytest.raises(DataError, match="inputs R and S name no source"):
        build_sources((TextInput(name="R"), BinaryInput(name="S", size=1)), stdin=io.BytesIO(b""))


def test_modes_of_rows(tmp_path):
    content = b"@.\n.@\n..\n"
    assert nodes(one(text(skip=1), tmp_path, content)) == [[1], []]
    assert nodes(one(text(steps=2), tmp_path, content)) == [[0], [1]]
    assert one(text(steps=9), tmp_path, content).n_steps == 3
    assert one(text(skip=9), tmp_path, content).n_steps == 0
    endless = one(text(mode="endless"), tmp_path, content)
    assert endless.n_steps is None
    assert nodes(endless, 5) == [[0], [1], [], [], []]
    assert nodes(one(text(mode="endless", steps=4), tmp_path, content)) == [[0], [1], [], []]
    again = one(text(mode="repetitive", skip=1), tmp_path, content)
    assert again.n_steps is None
    assert nodes(again, 5) == [[1], [], [0], [1], []]


def test_noise_and_pacemaker(tmp_path):
    described = NoiseInput(name="R", size=3, pacemaker_period=2, steps=4)
    assert nodes(one(described, tmp_path)) == [[0], [], [0], []]
    assert one(NoiseInput(name="R", size=3, noise=0.5), tmp_path).n_steps is None
    noisy = one(text(noise=1.0, mode="endless"), tmp_path, b"..\n")
    assert nodes(noisy, 3) == [[0, 1]] * 3  # also in the silence after the end


def test_inputs_draw_from_their_own_streams(tmp_path):
    pair = tuple(NoiseInput(name=name, size=99, noise=0.5) for name in "RS")
    first, second = build_sources(pair, seed=1).sources
    other = build_sources(pair, seed=2).sources[0]
    assert nodes(first, 3) != nodes(second, 3)
    assert nodes(first, 3) != nodes(other, 3)
    np.testing.assert_array_equal(first.spikes(0, 3)[1], build_sources(pair, seed=1).sources[0].spikes(0, 3)[1])
