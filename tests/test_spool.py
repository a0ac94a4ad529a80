"""Recordings on disk: the same spikes as in memory, cut anywhere, resumed, damaged, and of any number of steps."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import colanet
from colanet.encoding.records import Part
from colanet.errors import CheckpointError, DataError, OutputError
from colanet.recorded import Memory, chunks_of, shifted, side_by_side
from colanet.session import Recording, Session
from colanet.spool import FILE, Spool

PUBLISHED = Path(__file__).parent / "plan" / "published.nnc"
KEYS = ("0/R", "0/L", "1/L")


def part(first, counts, neurons):
    return Part(first, np.array(counts), np.array(neurons, dtype=np.int64))


CHUNKS = [
    [part(5, [1, 0], [3]), part(5, [0, 0], []), part(5, [2, 1], [0, 1, 1])],
    [part(7, [0], []), part(7, [1], [2]), part(7, [0], [])],
]
ROWS = {"0/R": [[5, 3]], "0/L": [[7, 2]], "1/L": [[5, 0], [5, 1], [6, 1]]}


@pytest.fixture(params=["memory", "spool"])
def records(request, tmp_path):
    made = Memory(KEYS) if request.param == "memory" else Spool(tmp_path / "new" / FILE, KEYS)
    for chunk in CHUNKS:
        made.add(chunk)
    return made


def test_rows_of_every_section(records):
    for key, rows in ROWS.items():
        assert records.rows(key).tolist() == rows
        assert records.count(key) == len(rows)
        assert np.concatenate(list(records.blocks(key))).tolist() == rows
        assert records.rows(key).dtype == np.int64


def test_sections_side_by_side_can_be_gone_through_twice(records):
    joined = shifted(side_by_side(records.chunks(["1/L", "0/R"]), [3, 4]), 5)
    for _ in range(2):
        parts = list(joined)
        assert [p.first for p in parts] == [0, 2]
        assert np.concatenate([p.steps() for p in parts]).tolist() == [0, 0, 0, 1]
        assert np.concatenate([p.neurons for p in parts]).tolist() == [0, 1, 6, 1]
        assert [len(p.counts) for p in parts] == [2, 1]


def test_other_data_begin_anew_and_the_old_ones_can_be_come_back_to(records):
    other = records.anew()
    assert other.rows("0/R").tolist() == []
    other.add([part(0, [1], [9]), part(0, [0], []), part(0, [0], [])])
    assert other.rows("0/R").tolist() == [[0, 9]]
    assert records.rows("0/R").tolist() == ROWS["0/R"]
    records.add(CHUNKS[1])
    assert records.rows("0/L").tolist() == [[7, 2], [7, 2]]


def test_a_spool_goes_on_where_its_checkpoint_says(tmp_path):
    spool = Spool(tmp_path / FILE, KEYS)
    spool.add(CHUNKS[0])
    place = spool.snapshot()
    spool.add(CHUNKS[1])
    with open(spool.path, "ab") as file:
        file.write(b"half a chunk")
    again = Spool(tmp_path / FILE, KEYS)
    again.restore("c.h5", *place, (5, 7))
    assert again.rows("0/L").tolist() == []
    again.add(CHUNKS[1])
    assert {key: again.rows(key).tolist() for key in KEYS} == ROWS
    assert spool.path.read_bytes().endswith(b"half a chunk") is False
    again.check()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes of recordings, expected at least"),
        (lambda path: path.write_bytes(b""), "0 bytes of recordings"),
        (lambda path: path.write_bytes(b"\x01" + path.read_bytes()[1:]), "damaged, its checksum"),
    ],
)
def test_a_spool_that_is_not_what_the_checkpoint_says_is_refused(tmp_path, damage, message):
    spool = Spool(tmp_path / FILE, KEYS)
    for chunk in CHUNKS:
        spool.add(chunk)
    place = spool.snapshot()
    damage(spool.path)
    with pytest.raises(CheckpointError, match=message) as caught:
        Spool(tmp_path / FILE, KEYS).restore("c.h5", *place, (5, 8))
    assert "\n" not in str(caught.value)


def test_every_single_flipped_bit_is_seen(tmp_path):
    spool = Spool(tmp_path / FILE, KEYS)
    for chunk in CHUNKS:
        spool.add(chunk)
    content = spool.path.read_bytes()
    for bit in range(8 * len(content)):
        wrong = bytearray(content)
        wrong[bit // 8] ^= 1 << bit % 8
        spool.path.write_bytes(wrong)
        with pytest.raises(CheckpointError, match="checksum"):
            spool.check()


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        Spool(tmp_path / "file" / FILE, KEYS).add(CHUNKS[0])
    spool = Spool(tmp_path / FILE, KEYS)
    spool.add(CHUNKS[0])
    spool.path.write_bytes(b"")
    with pytest.raises(OutputError, match="became shorter"):
        spool.add(CHUNKS[1])
    with pytest.raises(DataError, match="became shorter"):
        spool.rows("0/L")
    spool.remove()
    with pytest.raises(DataError, match="cannot be read"):
        spool.rows("0/L")


PAIRS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), unique=True)


@given(PAIRS, st.integers(0, 5), st.integers(41, 60))
def test_records_in_a_checkpoint_come_back_in_any_chunks(pairs, first, last):
    rows = np.array(sorted((max(step, first), neuron) for step, neuron in pairs), np.int64).reshape(-1, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("colanet.recorded.RESTORED_STEPS", 7)
        chunks = list(chunks_of("c.h5", ["0/L"], {"records/0/L": rows}, (first, last)))
    assert sum(len(chunk[0].counts) for chunk in chunks) == last - first
    back = Memory(["0/L"])
    back.kept = chunks
    np.testing.assert_array_equal(back.rows("0/L"), rows)


# ----------------------------------------------------------------------- sessions


def session_of(**values):
    return Session(colanet.load(PUBLISHED), **{"train": 30, "test": 10, "copies": 2, "threads": 1, **values})


@pytest.mark.parametrize("window", [(0, None), (100, 333), (590, None), (0, 1), (700, 800)])
@pytest.mark.parametrize("chunk", [37, 15_000])
def test_a_session_records_the_same_on_disk_and_in_memory(tmp_path, window, chunk):
    sections = ("L", "R", "Target", "OUT")
    whole = session_of(recording=Recording(sections, *window))
    disk = session_of(recording=Recording(sections, *window, folder=tmp_path), chunk_steps=chunk)
    assert whole.run().digest == disk.run().digest
    for key in whole.tally.records:
        copy, name = key.split("/")
        np.testing.assert_array_equal(whole.spikes(name, int(copy)), disk.spikes(name, int(copy)))


@pytest.mark.parametrize("cut", [1, 99, 100, 300, 599, 600])
def test_a_resumed_session_records_as_if_it_had_not_been_broken_off(tmp_path, cut):
    whole = session_of(recording=Recording(("L", "R"), 100, folder=tmp_path / "whole"))
    expected = whole.run()
    first = session_of(recording=Recording(("L", "R"), 100, folder=tmp_path / "cut"))
    first.run(cut)
    first.checkpoint(tmp_path / "c.h5")
    first.run(cut + 77)  # gone on after its checkpoint, and killed
    second = session_of(recording=Recording(("L", "R"), 100, folder=tmp_path / "cut"), chunk_steps=50)
    second.resume(tmp_path / "c.h5")
    assert second.run().digest == expected.digest
    for name, copy in (("L", 0), ("L", 1), ("R", 0)):
        np.testing.assert_array_equal(second.spikes(name, copy), whole.spikes(name, copy))


def test_a_checkpoint_with_a_spool_is_small_and_one_without_goes_on_in_a_spool(tmp_path):
    memory = session_of(recording=Recording(("R",)))
    memory.run(300)
    memory.checkpoint(tmp_path / "memory.h5")
    disk = session_of(recording=Recording(("R",), folder=tmp_path / "a"))
    disk.resume(tmp_path / "memory.h5")
    disk.run(400)
    disk.checkpoint(tmp_path / "disk.h5")
    assert not [key for key in colanet.storage.read_h5(tmp_path / "disk.h5")[0] if key.startswith("records/")]
    memory.run(400)
    np.testing.assert_array_equal(memory.spikes("R"), disk.spikes("R"))
    with pytest.raises(CheckpointError, match=r"disk\.h5: its recordings are in a folder"):
        session_of(recording=Recording(("R",))).resume(tmp_path / "disk.h5")


def test_a_refused_spool_leaves_the_session_as_it_was(tmp_path):
    first = session_of(recording=Recording(("L",), folder=tmp_path))
    first.run(300)
    first.checkpoint(tmp_path / "c.h5")
    (tmp_path / FILE).write_bytes(b"something else")
    second = session_of(recording=Recording(("L",), folder=tmp_path))
    with pytest.raises(CheckpointError, match=FILE):
        second.resume(tmp_path / "c.h5")
    assert second.run().digest == session_of().run().digest
    np.testing.assert_array_equal(second.spikes("L")[:5], _spikes_in_memory()[:5])


def _spikes_in_memory():
    session = session_of(recording=Recording(("L",)))
    session.run()
    return session.spikes("L")


def test_a_bookmark_also_comes_back_to_what_was_recorded(tmp_path):
    plain = session_of(recording=Recording(("L",)))
    plain.run()
    session = session_of(recording=Recording(("L",), folder=tmp_path))
    session.run(300)
    place = session.bookmark()
    session.present(session_of(train=3, test=3).presentation)
    session.run(freeze=0)
    session.return_to(place)
    session.run()
    np.testing.assert_array_equal(session.spikes("L"), plain.spikes("L"))


def test_two_spikes_far_beyond_two_to_the_31(tmp_path):
    first = 2**31 - 2
    (tmp_path / "rows.txt").write_text("@\n.\n")
    network = colanet.config.model.Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "text", "source": "rows.txt", "mode": "repetitive"}],
            "populations": [{"name": "N", "size": 1}],
            "projections": [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 9}],
        }
    )
    for folder in (None, tmp_path / "disk"):
        session = Session(network, base_dir=tmp_path, threads=1, recording=Recording(("N", "R"), 5, folder=folder))
        session.run(stop=4)
        session.step = first
        session.run(stop=2**31 + 3)
        assert session.spikes("N")[:, 0].tolist() == [2**31 - 1, 2**31 + 1]
        assert session.spikes("R")[:, 0].tolist() == [2**31 - 2, 2**31, 2**31 + 2]
