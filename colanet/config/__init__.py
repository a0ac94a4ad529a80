"""Configurations: the typed description of a network and its two file formats."""
