"""Reading the `.nnc` XML dialect of ArNI-X."""

from __future__ import annotations

import os
import re
import warnings
from typing import Any

from colanet.config import xml_shapes, xml_words
from colanet.config.draft import Draft, Path, Place, assemble
from colanet.config.model import Network
from colanet.config.notices import ConfigWarning
from colanet.config.stand_ins import StandIn
from colanet.config.whole import whole
from colanet.config.xml_walk import Handler, Walker
from colanet.config.xml_words import XML, Row
from colanet.config.yaml_source import plain_value
from colanet.doors import READOUTS

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_VALUES_DEFAULT = {"period": "15", "presentation": "10"}
"""What files of the field mean when they give neither time of text_values: 10 steps of spikes in 15."""


def read_xml(path: str | os.PathLike[str], *, lenient: bool = False) -> Network:
    """Read a network from an XML file; `colanet.config.load` checks it across objects too.

    Parameters
    ----------
    path : path
    lenient : bool
        Unknown elements and attributes give a `ConfigWarning` instead of an error.

    Raises
    ------
    ConfigError
        With every problem of the file.
    """
    draft = assemble(draft_xml(path, lenient=lenient))
    network = draft.result()
    for warning in draft.notices():
        warnings.warn(str(warning), ConfigWarning, stacklevel=2)
    return network


def draft_xml(
    path: str | os.PathLike[str], *, lenient: bool = False, stand_ins: tuple[StandIn, ...] = ()
) -> Draft:
    """Read a file into a draft.

    Raises
    ------
    ConfigError
        If the file is not readable as XML at all; everything else is noted in the draft.
    """
    draft = Draft(vocabulary=XML, lenient=lenient, stand_ins=stand_ins)
    _Reader(draft, os.fspath(path)).read()
    return draft


class _Reader(Walker):
    """One method for each element that has a structure of its own."""

    readout_kind_open = False
    """Whether the target says of what kind the readout is."""

    # ------------------------------------------------------------- the document

    def read(self) -> None:
        draft = self.draft
        draft.data.update(inputs=[], populations=[], projections=[])
        draft.places[()] = Place(self.files.path, 1)
        handlers = {
            "RECEPTORS": self._receptors,
            "NETWORK": self._network,
            "Readout": self._readout,
            "Global": self._global,
        }
        for element, included in self.files.top_level(self._root, self._stray):
            if element.tag not in handlers:
                self._unknown(element, f"unknown element {element.tag:.60} in SNN")
            elif included and element.tag in ("Readout", "Global"):
                self._note(element, f"{element.tag} of an included file is not used", warning=True)
            else:
                handlers[element.tag](element)
        self._default_target_period()
        self._default_readout_kind()

    def _root(self, root: Any) -> None:
        model = root.get("model", "smooth").strip().lower()
        if model in xml_words.MODELS:
            self._note(
                root,
                f'model="{model}" exists in files of the field, but its law has no public definition; '
                "only smooth is supported",
            )
        elif model != "smooth":
            self._note(root, f"model={root.get('model')!r:.60} is unknown; only smooth is supported")
        for name in root.attrib:
            if name != "model":
                self._unknown(root, f"unknown attribute {name:.60} of SNN")
        self._stray(root, None, root.text)

    def _receptors(self, element: Any) -> None:
        path, item = self._new("inputs", element)
        item["kind"] = "noise"  # for messages, until the type is known
        implementations: list[Any] = []
        self._take(
            element,
            path,
            item,
            xml_words.RECEPTORS_ROWS,
            {"Implementation": lambda child, _: implementations.append(child)},
        )
        if len(implementations) == 1:
            self._implementation(implementations[0], path, item)
        else:
            found = "given twice" if implementations else "missing"
            self.draft.add(path, f"its element Implementation is {found}")
            self._drop("inputs", item)

    def _implementation(self, element: Any, path: Path, item: dict[str, Any]) -> None:
        args: list[Any] = []
        lib: dict[str, Any] = {}
        builtin = ("fromFile", *xml_words.CLASSIFIER_LIBS)
        names = {word.lower(): word for word in builtin}
        own = (element.get("lib") or "").strip().lower() in names
        rows = (Row("lib", "lib"), *(() if own else xml_words.PLUGIN_ROWS))
        self._take(element, path, lib, rows, {"args": lambda child, _: args.append(child)}, places=False)
        given = lib.pop("lib", None)
        name = names.get((given or "").lower())
        if given is None:
            self._note(element, f"lib is missing; built in are {', '.join(builtin)}", path)
            self._drop("inputs", item)
        elif name is None and len(args) < 2:
            item.update(lib, kind="plugin", lib=given, args=xml_shapes.read_tree(args[0]) if args else {})
            self.draft.places[(*path, "lib")] = self._place(element)
        elif name is None or len(args) != 1:
            self._note(element, "expected exactly one element args", path)
            self._drop("inputs", item)
        elif name == "fromFile":
            self._from_file(args[0], path, item)
        else:
            item["kind"] = xml_words.CLASSIFIER_LIBS[name]
            self._take(args[0], path, item, xml_words.TARGET_ROWS[item["kind"]])

    def _from_file(self, args: Any, path: Path, item: dict[str, Any]) -> None:
        kind = (args.get("type") or "").strip().lower()
        if not kind:
            kind = "text"
            self._note(args, "type is missing: text is meant, as before the manual 2.2", path, warning=True)
        if kind not in xml_words.INPUT_TYPES:
            expected = f"expected one of {', '.join(xml_words.INPUT_TYPES)}"
            self._note(args, f"type: {expected}, not {args.get('type').strip()!r:.60}", path)
            self._drop("inputs", item)
            return
        item["kind"] = xml_words.INPUT_TYPES[kind]
        rows = tuple(row for row in xml_words.SOURCE_ROWS if kind != "none" or row.field != "source")
        handlers: dict[str, Handler] = {}
        if kind in xml_words.SPECIAL_ROWS:
            handlers["Special"] = lambda child, where: self._special(child, where, item)
        self._take(args, path, item, rows, handlers, ignore=("type",))
        if kind == "text_values" and not {"period", "presentation"} & set(item):
            item.update(_VALUES_DEFAULT)
            self.draft.add(path, "no presentation times: 10 steps of spikes in 15 are assumed", warning=True)

    def _special(self, element: Any, path: Path, item: dict[str, Any]) -> None:
        kind = item["kind"]
        rows = xml_words.SPECIAL_ROWS[kind]
        if kind == "image":
            rows += xml_words.SHAPE_COUNTS
        self._take(element, path, item, rows)
        words = {word: item.pop(word) for word in xml_words.SHAPE_WORDS if word in item}
        try:
            shape = xml_shapes.read_shape(words)
        except ValueError as error:
            self._note(element, str(error), path)
        else:
            if shape is not None:
                item["shape"] = shape
                self.draft.places[(*path, "shape")] = self.draft.places[(*path, "width")]

    def _default_target_period(self) -> None:
        """A target without object_presentation_period follows the images or records that are shown."""
        items = self.draft.data["inputs"]
        periods = [item["period"] for item in items if "target" not in item["kind"] and "period" in item]
        for item in items:
            if "target" in item["kind"] and periods:
                item.setdefault("period", periods[0])

    def _default_readout_kind(self) -> None:
        """The readout of a package is of the kind of the target."""
        targets = [item["kind"] for item in self.draft.data["inputs"] if "target" in item["kind"]]
        if self.readout_kind_open and targets:
            self.draft.data["readout"]["kind"] = targets[0].partition("_")[0]

    # -------------------------------------------------------------- the network

    def _network(self, element: Any) -> None:
        item: dict[str, Any] = {}
        merge = Row("merge", "merge", *xml_words.choice("merge", {"yes": "yes", "no": "no"}))
        self._take(
            element,
            (),
            item,
            (*xml_words.NETWORK_ROWS, merge),
            {"Sections": lambda child, _: self._sections(child)},
            places=False,
        )
        if item.pop("merge", "yes") == "no" and item.get("copies", "1") != "1":
            self._note(element, 'merge="no" is not supported: the votes of the copies are always added')
        data = self.draft.data
        for field in ("copies", "state"):
            if field in item and data.setdefault(field, item[field]) != item[field]:
                word = next(row.xml for row in xml_words.NETWORK_ROWS if row.field == field)
                self._note(
                    element, f"NETWORK {word}: {item[field]} here and {data[field]} before; must agree"
                )
            elif field in item:
                self.draft.places[(field,)] = self._place(element)

    def _sections(self, element: Any) -> None:
        self._take(
            element,
            (),
            {},
            (),
            {"Section": lambda e, _: self._section(e), "Link": lambda e, _: self._link(e)},
        )

    def _section(self, element: Any) -> None:
        path, item = self._new("populations", element)
        self._take(
            element, path, item, xml_words.SECTION_ROWS, {"props": lambda e, p: self._props(e, p, item)}
        )

    def _props(self, element: Any, path: Path, item: dict[str, Any]) -> None:
        found: dict[str, Any] = {}

        def structure(child: Any, where: Path) -> None:
            if found:
                self._note(child, "Structure is given twice", path)
            found.update(self._try(child, path, xml_shapes.read_structure) or {"bad": True})
            self.draft.places[(*path, "columns")] = self._place(child)

        self._take(element, path, item, xml_words.POPULATION_ROWS, {"Structure": structure})
        found.pop("bad", None)
        product = found.pop("size", None)
        item.update(found)
        if product is None:
            return
        size = item.setdefault("size", product)
        if whole(str(size)) not in (None, product):
            self.draft.add((*path, "columns"), f"n is {size}, but the dims multiply to {product}")
            del item["columns"], item["winner_take_all"]

    def _link(self, element: Any) -> None:
        path, item = self._new("projections", element)
        rows = (*xml_words.LINK_ATTRIBUTES, *xml_words.LINK_ROWS)

        def value(field: str) -> Handler:
            def take(child: Any, where: Path) -> None:
                if field in item:
                    self._note(child, f"{child.tag} is given twice", path)
                read = self._try(child, (*path, field), xml_shapes.read_value)
                if read is not None:
                    item[field] = read
                self.draft.places[(*path, field)] = self._place(child)

            return take

        handlers = dict.fromkeys(xml_words.RESOURCE_WORDS, value("initial_resource"))
        handlers |= dict.fromkeys(xml_words.DELAY_WORDS, value("delay"))
        self._take(element, path, item, rows, handlers)

    def _readout(self, element: Any) -> None:
        if "readout" in self.draft.data:
            self._note(element, "Readout is given twice")
            return
        item: dict[str, Any] = {}
        self.draft.data["readout"] = item
        self.draft.places[("readout",)] = self._place(element)
        outputs: list[Any] = []
        handlers = {"output": lambda child, _: outputs.append(child)} if len(element.findall("output")) > 1 else {}
        lib = (element.get("lib") or "").strip()
        if lib and lib.lower() not in {word.lower() for word in xml_words.READOUT_LIBS}:
            self._foreign_readout(element, lib, item)
        else:
            self._take(element, ("readout",), item, xml_words.READOUT_ROWS, handlers)
        if outputs:
            self._several_outputs(outputs, item)
        if "kind" not in item:
            if not lib:
                self._note(element, "lib is missing", ("readout",))
            del self.draft.data["readout"]

    def _foreign_readout(self, element: Any, lib: str, item: dict[str, Any]) -> None:
        """A readout of an installed package: everything but its output are options of the rule."""
        path: Path = ("readout",)
        if any(stand_in.name == lib for stand_in in self.draft.stand_ins):
            self._note(element, f"noise stands in for {lib:.60}, so nothing is answered", path, warning=True)
            self.draft.left_out.add(lib)
        elif lib not in READOUTS:
            own = ", ".join(xml_words.READOUT_LIBS)
            message = f"{lib!r:.60} is no readout of colanet ({own}), and no installed package has it (entry points"
            self._note(element, f"lib {message} {READOUTS.group}); --stand-in {lib:.60}=noise leaves it out", path)
        else:
            leaves = [child for child in self._children(element, path) if child.tag != "output"]
            options = {name: plain_value(text.strip()) for name, text in element.attrib.items() if name != "lib"}
            texts = {leaf.tag: xml_shapes.text_of(leaf) for leaf in leaves if self._is_leaf(leaf, path)}
            options |= {name: plain_value(text) for name, text in texts.items()}
            outputs = element.findall("output")
            if len(outputs) > 1:
                self._several_outputs(outputs, item)
            elif outputs and self._is_leaf(outputs[0], path):
                item["population"] = xml_shapes.text_of(outputs[0])
                self.draft.places[(*path, "population")] = self._place(outputs[0])
            item.update(rule=lib, options=options, kind="object")
            self.readout_kind_open = True

    def _several_outputs(self, elements: list[Any], item: dict[str, Any]) -> None:
        """The first one decides: what several of them mean has no public definition."""
        path: Path = ("readout",)
        first, *others = [xml_shapes.text_of(element) for element in elements]
        if not all([self._is_leaf(element, path) for element in elements]):
            return
        item.setdefault("population", first)
        self.draft.places[(*path, "population")] = self._place(elements[0])
        left = ", ".join(dict.fromkeys(name for name in others if name != first))
        if left:
            message = f"only the first output, {first:.60}, decides; {left:.200} has no part in it"
            self._note(elements[1], message + ": what several outputs mean is not public", path, warning=True)

    def _global(self, element: Any) -> None:
        pairs = self.draft.data.setdefault("globals", [])
        own = [("Global", xml_shapes.text_of(element))] if xml_shapes.text_of(element) else []
        inner = [(child.tag, xml_shapes.text_of(child)) for child in element.iterdescendants("*")]
        found = [*element.attrib.items(), *own, *inner]
        pairs.extend([name, " ".join(text.split())] for name, text in found if _PLAIN_NAME.fullmatch(name))
        self._note(element, "Global is kept but not used: its numbers have no public meaning", warning=True)
