"""Configurations: the typed description of a network and its two file formats."""

from colanet.config.check import check
from colanet.config.files import load, load_with_notices, save
from colanet.config.notices import ConfigWarning
from colanet.config.overrides import override, override_all
from colanet.config.xml_reader import read_xml
from colanet.config.xml_writer import write_xml
from colanet.config.yaml_io import read_yaml, write_yaml

__all__ = [
    "ConfigWarning",
    "check",
    "load",
    "load_with_notices",
    "override",
    "override_all",
    "read_xml",
    "read_yaml",
    "save",
    "write_xml",
    "write_yaml",
]
