"""What all inputs of one run share: where data are, which objects are shown, which of them are taught."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from colanet import datasets
from colanet.config.model import BinaryInput, ImageInput, Input, TargetInput, TextInput, ValuesInput
from colanet.encoding import files
from colanet.encoding.selection import Selection
from colanet.encoding.stored import StoredImages, is_large
from colanet.errors import DataError

FILE_INPUTS = TextInput | BinaryInput | ImageInput | ValuesInput


@dataclass(frozen=True)
class DataUsed:
    """A data set or file that a run reads.

    Attributes
    ----------
    name : str
        As the configuration names it.
    source : str
        Folder or file it was found in.
    sha256 : str
        Of the unpacked content; of a data set, see `colanet.datasets.Dataset.digest`.
    """

    name: str
    source: str
    sha256: str


@dataclass(frozen=True)
class Context:
    """What all inputs share; see `colanet.encoding.build_sources`.

    `used` collects what is read, and `node_labels` the names of the nodes of the inputs that have them.
    `learnt` collects the prototypes of the inputs with features, as they stand in a configuration. `made` collects
    what packages make, and `first_of` the first of each library.
    """

    inputs: tuple[Input, ...]
    base_dir: Path
    seed: int
    data_dir: str | os.PathLike[str] | None
    n_train: int | None
    n_test: int | None
    stdin: BinaryIO | None
    used: dict[str, DataUsed] = field(default_factory=dict)
    node_labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    learnt: dict[str, str] = field(default_factory=dict)
    made: list[Any] = field(default_factory=list)
    first_of: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> TargetInput | None:
        """The input that teaches, if there is one."""
        return next((i for i in self.inputs if isinstance(i, TargetInput)), None)

    @property
    def cuts(self) -> bool:
        """Whether less than everything was asked for."""
        return self.n_train is not None or self.n_test is not None

    def check_standard_input(self) -> None:
        """DataError if more than one input reads standard input."""
        readers = [i.name for i in self.inputs if isinstance(i, FILE_INPUTS) and i.source is None]
        if len(readers) > 1:
            raise DataError(f"inputs {' and '.join(readers)} name no source; only one can read standard input")

    def content(self, source: str | None) -> tuple[bytes, str]:
        """Bytes of a file of the configuration, or of standard input, and a name for messages."""
        path = None if source is None else files.located(self.base_dir, source)
        content, name = files.content_of(path, self.stdin)
        known = name if source is None else source
        self.used[known] = DataUsed(known, name, hashlib.sha256(content).hexdigest())
        return content, name

    def large_images(self, source: str | None, nodes: int, offset: int) -> StoredImages | None:
        """The images of a file that is large, which stay there; None: it is not, or standard input.

        Nothing of them is read before `note_images`.
        """
        path = None if source is None else files.located(self.base_dir, source)
        if source is None or path is None or not is_large(path):
            return None
        return StoredImages(path, nodes, offset)

    def note_images(self, source: str, images: StoredImages) -> None:
        """Keep the digest of such a file, for which it is read once."""
        self.used[source] = DataUsed(source, str(images.path), images.digest())

    def dataset(self, name: str) -> datasets.Dataset:
        """A data set by name."""
        data = datasets.load(name, self.data_dir)
        self.used[name] = DataUsed(name, data.source, data.digest)
        return data

    def note_labels(self, name: str, labels: Any, size: int) -> None:
        """Keep the names that a package gives the nodes of an input; DataError if they are not as many."""
        if labels is None:
            return
        texts = tuple(map(str, labels))
        if len(texts) != size:
            raise DataError(f"input {name}: its plug-in names {len(texts)} nodes, there are {size}")
        self.node_labels[name] = texts

    def check_there(self, source: str | None) -> None:
        """DataError if that is neither a file nor, where data sets may be named, one of them."""
        if source is not None and not files.located(self.base_dir, source).exists():
            known = ", ".join(datasets.names())
            raise DataError(f"{self.base_dir / source}: no such file, nor a data set by name ({known})")

    def is_dataset(self, source: str | None) -> bool:
        """Whether that names a data set; a file of that name beside the configuration comes first."""
        return source is not None and not (self.base_dir / source).is_file() and source in datasets.REGISTRY

    def taught(self, n_there: int) -> int:
        """Objects of n_there that come within the learning time."""
        target = self.target
        return n_there if target is None else min(target.learning_time // target.period, n_there)

    def select(self, n_train_there: int, n_there: int, name: str) -> Selection:
        """What is shown of n_there objects of which the first n_train_there are for training.

        Without a number asked for, a learning time shorter than the training part cuts that part.

        Raises
        ------
        DataError
            If there are fewer than asked for, or nothing is left.
        """
        train = self._count(self.n_train, n_train_there, "training", name)
        if self.n_train is None:
            train = self.taught(train)
        test = self._count(self.n_test, n_there - n_train_there, "test", name)
        if train + test == 0:
            raise DataError(f"{name}: no object to show, expected at least 1")
        return Selection(train, test, n_train_there)

    def select_of_file(self, n_there: int, name: str, skip: int) -> Selection | None:
        """What is shown of a file's objects; the learning time says which are for training. None: all of them.

        Raises
        ------
        DataError
            As `select`, and if leading steps are skipped too: then the parts do not begin where the file says.
        """
        if not self.cuts:
            return None
        if skip:
            raise DataError(f"{name}: train and test (--train, --test) need skip (tacts_to_skip) 0")
        return self.select(self.taught(n_there), n_there, name)

    @staticmethod
    def _count(asked: int | None, there: int, part: str, name: str) -> int:
        if asked is not None and not 0 <= asked <= there:
            raise DataError(f"{name}: {asked} {part} objects, expected 0..{there}")
        return there if asked is None else asked
