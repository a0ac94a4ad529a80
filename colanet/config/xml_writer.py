"""Writing the XML dialect: the same table as the reader, fields at their defaults left out."""

from __future__ import annotations

import os
from typing import Any

from lxml import etree
from pydantic import BaseModel

from colanet.atomic import write_text
from colanet.config import xml_shapes, xml_words
from colanet.config.model import ImageInput, Network, NoiseInput, PluginInput, Population, Projection, TargetInput
from colanet.config.xml_words import Row


def write_xml(network: Network, path: str | os.PathLike[str] | None = None) -> str:
    """The network in the XML dialect; also written to `path` if that is given.

    Raises
    ------
    OutputError
        If the file cannot be written; then nothing is left behind.
    """
    root = etree.Element("SNN", model="smooth")
    for source in network.inputs:
        _input(root, source)
    element = etree.SubElement(root, "NETWORK")
    _attributes(element, network, xml_words.NETWORK_ROWS)
    if network.copies > 1:
        element.set("merge", "yes")
    sections = etree.SubElement(element, "Sections")
    for population in network.populations:
        _section(sections, population)
    for projection in network.projections:
        _link(sections, projection)
    if network.readout is not None:
        (kind,) = xml_words.READOUT_ATTRIBUTES
        readout = etree.SubElement(root, "Readout", {kind.xml: kind.write(network.readout.kind)})
        _children(readout, network.readout, xml_words.READOUT_WORDS)
    _globals(root, network)
    etree.indent(root)
    body = etree.tostring(root, encoding="unicode")
    text = f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'
    if path is not None:
        write_text(path, text)
    return text


def _is_default(item: BaseModel, field: str) -> bool:
    info = type(item).model_fields[field]
    return not info.is_required() and getattr(item, field) == info.default


def _children(parent: Any, item: BaseModel, rows: tuple[Row, ...]) -> None:
    for row in rows:
        if row.field in type(item).model_fields and not _is_default(item, row.field):
            etree.SubElement(parent, row.xml).text = row.write(getattr(item, row.field)) or None


def _attributes(element: Any, item: BaseModel, rows: tuple[Row, ...]) -> None:
    for row in rows:
        if not _is_default(item, row.field):
            element.set(row.xml, row.write(getattr(item, row.field)))


def _input(root: Any, item: Any) -> None:
    element = etree.SubElement(root, "RECEPTORS", name=item.name)
    if item.size is not None:
        element.set("n", str(item.size))
    if isinstance(item, TargetInput):
        lib = {kind: lib for lib, kind in xml_words.CLASSIFIER_LIBS.items()}[item.kind]
        args = etree.SubElement(etree.SubElement(element, "Implementation", lib=lib), "args")
        _children(args, item, xml_words.TARGET_ROWS[item.kind])
        return
    if isinstance(item, PluginInput):
        implementation = etree.SubElement(element, "Implementation", lib=item.lib)
        _attributes(implementation, item, xml_words.PLUGIN_ROWS)
        if item.args:
            xml_shapes.write_tree(etree.SubElement(implementation, "args"), item.args)
        return
    args = etree.SubElement(etree.SubElement(element, "Implementation", lib="fromFile"), "args")
    args.set("type", "none" if isinstance(item, NoiseInput) else item.kind)
    _children(args, item, xml_words.SOURCE_ROWS)
    if item.kind in xml_words.SPECIAL_ROWS:
        special = etree.SubElement(args, "Special")
        if isinstance(item, ImageInput) and item.shape is not None:
            for word, extent in zip(xml_words.SHAPE_WORDS, item.shape, strict=True):
                etree.SubElement(special, word).text = str(extent)
        _children(special, item, xml_words.SPECIAL_ROWS[item.kind])
        for level in special.findall("saturation_level"):
            level.set("absolute", "yes")


def _section(parent: Any, population: Population) -> None:
    props = etree.SubElement(etree.SubElement(parent, "Section", name=population.name), "props")
    size, *others = xml_words.POPULATION_ROWS
    _children(props, population, (size,))
    xml_shapes.write_structure(props, population)
    _children(props, population, tuple(others))


def _link(parent: Any, projection: Projection) -> None:
    element = etree.SubElement(parent, "Link")
    _attributes(element, projection, xml_words.LINK_ATTRIBUTES)
    _children(element, projection, xml_words.LINK_ROWS)
    for field, words in (
        ("initial_resource", xml_words.RESOURCE_WORDS),
        ("delay", xml_words.DELAY_WORDS),
    ):
        if not _is_default(projection, field):
            xml_shapes.write_value(element, words, getattr(projection, field))


def _globals(root: Any, network: Network) -> None:
    if network.globals:
        element = etree.SubElement(root, "Global")
        for name, text in network.globals:
            etree.SubElement(element, name).text = text or None
