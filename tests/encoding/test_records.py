"""Recording formats: bytes by hand, round trips, damaged files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colanet.encoding import records
from colanet.errors import DataError

STEPS, NEURONS = np.array([2, 0, 0]), np.array([1, 65, 0])


def test_text_by_hand(tmp_path):
    records.write_text(tmp_path / "r", np.array([0, 2]), np.array([1, 0]), 3, 3)
    assert (tmp_path / "r").read_bytes() == b".@.\n...\n@..\n"


def test_binary_by_hand(tmp_path):
    records.write_binary(tmp_path / "r", STEPS, NEURONS, 66, 3)
    masks = [b"\x01" + bytes(7) + b"\x02" + bytes(7), bytes(16), b"\x02" + bytes(15)]
    assert (tmp_path / "r").read_bytes() == b"\x42\0\0\0" + b"".join(masks)


def test_list_by_hand(tmp_path):
    records.write_list(tmp_path / "r", np.array([9, 2, 0]), np.array([1, 1, 3]), 4, 10)
    assert (tmp_path / "r").read_bytes() == b"\n2,9\n\n0\n"


def test_a_byte_order_mark_is_no_part_of_a_list(tmp_path):
    (tmp_path / "r").write_bytes(b"\xef\xbb\xbf2,9\n\n")
    read = records.read_list(tmp_path / "r")
    assert (read.size, read.steps.tolist(), read.neurons.tolist()) == (2, [2, 9], [0, 0])


@st.composite
def spikes(draw):
    size, n_steps = draw(st.integers(1, 130)), draw(st.integers(1, 40))
    pairs = draw(st.sets(st.tuples(st.integers(0, n_steps - 1), st.integers(0, size - 1)), max_size=60))
    shuffled = draw(st.permutations(sorted(pairs)))
    return np.array(shuffled, np.int64).reshape(-1, 2), size, n_steps


@pytest.mark.parametrize("room", [1 << 22, 100])
@pytest.mark.parametrize("form", ["text", "binary", "list"])
@given(case=spikes())
def test_round_trip(tmp_path_factory, form, room, case):
    pairs, size, n_steps = case
    path = tmp_path_factory.mktemp("records") / "r"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "ROOM", room)
        records.WRITERS[form](path, pairs[:, 0], pairs[:, 1], size, n_steps)
    record = records.read_list(path, n_steps) if form == "list" else records.READERS[form](path)
    assert (record.size, record.n_steps) == (size, n_steps)
    found = list(zip(record.steps.tolist(), record.neurons.tolist(), strict=True))
    assert found == sorted(map(tuple, pairs.tolist()))


def test_list_without_a_number_of_steps(tmp_path):
    (tmp_path / "r").write_text("3,5\n\n")
    record = records.read_list(tmp_path / "r")
    assert (record.size, record.n_steps) == (2, 6)


@pytest.mark.parametrize(
    ("form", "content", "message"),
    [
        ("text", b"", "is empty"),
        ("text", b"@\n@@\n", "r:2: 2 characters"),
        ("binary", b"\x01\0\0", "neuron count"),
        ("binary", bytes(4), "neuron count"),
        ("binary", b"\x01\0\0\0" + bytes(7), "7 bytes, expected a multiple of 8"),
        ("binary", b"\x01\0\0\0", "0 bytes"),
        ("list", b"", "does not end with a line break"),
        ("list", b"1\n2", "does not end with a line break"),
        ("list", b"1\n2,x\n", "r:2: not a comma-separated list of steps"),
        ("list", b"1\n2,-1\n", "r:2: not a comma-separated list of steps"),
        ("list", b"1,\n", "r:1: not a comma-separated list of steps"),
        ("list", b"\xff\n", "r:1: not a comma-separated list of steps"),
        ("list", b"1\n99999999999999999999\n", "r:2: step 99999999999999999999"),
    ],
)
def test_damaged(tmp_path, form, content, message):
    (tmp_path / "r").write_bytes(content)
    with pytest.raises(DataError) as caught:
        records.READERS[form](tmp_path / "r")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_step_beyond_the_end(tmp_path):
    (tmp_path / "r").write_text("5\n")
    with pytest.raises(DataError, match="step 5, expected below 5"):
        records.read_list(tmp_path / "r", 5)
