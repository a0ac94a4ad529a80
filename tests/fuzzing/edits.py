"""Whole files changed where it hurts, as a tape says: a value of a tree, an array, a header; then packed as before.

Bytes alone get nowhere where a checksum, a compression or a grammar stands before what is read.
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import yaml

from colanet.storage import read_h5, write_h5
from tests.fuzzing.tape import Tape

# ------------------------------------------------------------------------ trees


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with every key of it."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            inside = list(one.items()) if isinstance(one, dict) else list(enumerate(one))
            found += [(one, key) for key, _ in inside]
            waiting += [value for _, value in inside]
    return found


def _change_tree(tree: Any, tape: Tape) -> None:
    places = _places(tree)
    if not places:
        return
    (holder, key), (other, there) = tape.pick(places), tape.pick(places)
    what = tape.below(8)
    if what < 3:
        holder[key] = copy.deepcopy(tape.value())
    elif what == 3:
        del holder[key]
    elif what == 4:
        holder[key] = copy.deepcopy(other[there])
    elif what == 5:
        holder[key] = [copy.deepcopy(holder[key])] if tape.below(2) else {str(there): copy.deepcopy(holder[key])}
    elif isinstance(holder, list):
        holder.insert(key, copy.deepcopy(other[there]))
    else:
        holder[there if what == 6 else tape.value() if tape.below(2) else "new"] = copy.deepcopy(other[there])


def yaml_tree(content: bytes, tape: Tape) -> bytes:
    """A YAML file with other values, fields and lists."""
    tree = yaml.safe_load(content)
    for _ in tape.changes():
        with contextlib.suppress(TypeError):  # a list is no key
            _change_tree(tree, tape)
    flow = tape.pick([None, None, False, True])
    return yaml.safe_dump(tree, default_flow_style=flow, sort_keys=False, allow_unicode=True).encode()


def xml_tree(content: bytes, tape: Tape) -> bytes:
    """An XML file with other elements, attributes and texts."""
    root = ElementTree.fromstring(content)
    for _ in tape.changes():
        holders = [one for one in root.iter() if isinstance(one.tag, str)]
        one, other = tape.pick(holders), tape.pick(holders)
        what = tape.below(8)
        if what == 0:
            one.text = _xml_text(tape)
        elif what < 3 and one.attrib:
            one.set(tape.pick(sorted(one.attrib)), _xml_text(tape))
        elif what == 3:
            one.set(tape.pick(sorted(other.attrib) or ["name"]), _xml_text(tape))
        elif what == 4:
            one.tag = other.tag
        elif what == 5 and len(one):
            del one[tape.below(len(one))]
        elif what == 6:
            one.insert(tape.below(len(one) + 1), copy.deepcopy(other))
        else:
            one.attrib.clear()
            one.text = other.text
        if sum(1 for _ in root.iter()) > 3000:
            break
    return ElementTree.tostring(root, encoding=tape.pick(["utf-8", "utf-8", "utf-16", "us-ascii"]))


def _xml_text(tape: Tape) -> str:
    text = str(tape.value())
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


# ----------------------------------------------------------------------- arrays


def _change_array(array: np.ndarray, tape: Tape) -> np.ndarray:
    """The same in another shape or type, or with other values."""
    what = tape.below(9)
    if what == 0:
        return array.reshape(-1)[: tape.below(array.size + 1)]
    if what == 1:
        return array[None] if tape.below(2) else array.reshape(-1)
    if what == 2 and array.dtype.kind in "biuf":
        return array.astype(tape.pick([np.uint8, np.int8, np.int64, np.uint64, np.float16, np.float64, np.bool_]))
    if what == 3:
        return array.astype(array.dtype.newbyteorder(">"))
    if what == 4:
        return np.full(array.shape, tape.pick([b"a", b"", b"\xff"]))
    if what == 5:
        return np.concatenate([array, array]) if array.ndim else array[None]
    changed = array.copy()
    if changed.size and changed.dtype.kind in "iuf":
        raw = changed.reshape(-1).view(np.uint8).copy()
        for _ in tape.changes():
            raw[tape.below(raw.size)] = tape.below(256)
        changed = raw.view(changed.dtype).reshape(changed.shape)
    return changed


def hdf5_contents(content: bytes, tape: Tape, folder: Path) -> bytes:
    """A file of `colanet.storage` with other arrays and attributes, under a checksum that fits."""
    path = folder / "edited.h5"
    path.write_bytes(content)
    arrays, attributes = read_h5(path)
    attributes = {k: v for k, v in attributes.items() if k not in ("colanet_format", "colanet_version")}
    for _ in tape.changes():
        if tape.below(2) and arrays:
            name = tape.pick(sorted(arrays))
            if tape.below(6):
                arrays[name] = _change_array(arrays[name], tape)
            else:
                moved = arrays.pop(name)
                if tape.below(2):
                    arrays[tape.pick(["x", "state/x", "kept/x", "records/9/N", f"{name}x"])] = moved
        elif attributes:
            name = tape.pick(sorted(attributes))
            if tape.below(8) == 0:
                del attributes[name]
            else:
                attributes[name] = _attribute(attributes[name], tape)
    write_h5(path, arrays, attributes)
    return path.read_bytes()


def _attribute(old: Any, tape: Tape) -> Any:
    """A text of JSON with another value in it, or another value."""
    if isinstance(old, str) and old[:1] in "{[" and tape.below(8):
        tree = yaml.safe_load(old)
        try:
            _change_tree(tree, tape)
        except TypeError:
            return old
        return _json(tree)
    new = tape.value()
    if isinstance(new, list | dict) or new is None:
        return _json(new)
    return new if not isinstance(new, int) or -(2**63) <= new < 2**63 else float(new)


def _json(tree: Any) -> str:
    return json.dumps(tree, default=str, skipkeys=True)


def archive_members(content: bytes, tape: Tape) -> bytes:
    """An archive of NumPy with other arrays, headers, names and methods of compression."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        members = [[info.filename, old.read(info)] for info in old.infolist()]
    for _ in tape.changes():
        if not members:
            break
        member, what = tape.pick(members), tape.below(8)
        if what == 0:
            member[0] = tape.pick(["x.npy", "X", "weights.npy", "y.npy", "../a.npy", "", "é.npy", "x_train.npy"])
        elif what == 1:
            members.remove(member)
        elif what == 2:
            members.append([tape.pick(members)[0], member[1]])
        elif what < 5:
            member[1] = _array_file(member[1], tape)
        elif what == 5:
            member[1] = member[1][: tape.below(len(member[1]) + 1)]
        else:
            member[1] = _header(member[1], tape)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, data in members:
            new.writestr(zipfile.ZipInfo(name), data, tape.pick([0, 8, 12, 14]))
    return file.getvalue()


def _array_file(data: bytes, tape: Tape) -> bytes:
    try:
        array = np.load(io.BytesIO(data))
    except Exception:  # changed before
        return data
    file = io.BytesIO()
    np.save(file, _change_array(array, tape), allow_pickle=False)
    return file.getvalue()


def _header(data: bytes, tape: Tape) -> bytes:
    """The text of an array's header, which Python reads, with something else in it."""
    old, new = tape.pick([
        (b"(", b"(-"), (b",)", b")"), (b"'descr'", b"'d'"), (b"<f8", b"|O8"), (b"<f8", b">f8"), (b"<i8", b"<M8"),
        (b"<f8", b"<c8"), (b"False", b"True"), (b"False", b"1"), (b"{", b"{{"), (b"{", b"[" * 50),
        (b", ", b",9" * 99),
        (b"'<f8'", b"[('a', '<f8')]"), (b"<i8", b"<U2"), (b"(", b"(99999999999,"), (b"NUMPY\1", b"NUMPY\2"),
        (b"NUMPY\1", b"NUMPY\3"), (b"<f8", b"\xff\xff8"), (b"(", b"(1e3,"), (b"(", b"(True,"), (b"(", b"('a',"),
        (b"<f8", b"<f16"), (b"<f8", b"<f2"), (b"<i8", b"|b1"), (b"<i8", b"|V8"), (b"<i8", b"<i0"),
    ])  # fmt: skip
    return data.replace(old, new, 1)


def idx_fields(content: bytes, tape: Tape) -> bytes:
    """An IDX file with other numbers in its header, perhaps gzipped or cut."""
    changed = bytearray(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    numbers = [0, 1, 2, 0x801, 0x803, 28, 784, 2**16, 2**31, 2**32 - 1]
    for _ in tape.changes():
        place = 4 * tape.below(4)
        changed[place : place + 4] = tape.pick(numbers).to_bytes(4, "big")
    data = bytes(changed[: len(changed) - tape.below(3)])
    if tape.below(2):
        packed = gzip.compress(data, mtime=0)
        return packed[: len(packed) - tape.below(12)] + bytes(tape.below(3))
    return data


def table_cells(content: bytes, tape: Tape) -> bytes:
    """A table with other cells, separators and quotes."""
    rows = [line.split(",") for line in content.decode("utf-8", "replace").split("\n")]
    for _ in tape.changes():
        row = tape.pick(rows)
        what = tape.below(5)
        if what < 3:
            row[tape.below(len(row))] = str(tape.value())
        elif what == 3:
            row.append(str(tape.value()))
        elif len(row) > 1:
            del row[tape.below(len(row))]
    text = tape.pick([",", ",", ";", "\t", '","']).join
    ending = tape.pick(["\n", "\n", "\r\n", "\r"])
    return ending.join(map(text, rows)).encode(tape.pick(["utf-8", "utf-8", "utf-16", "utf-8-sig"]), "replace")
