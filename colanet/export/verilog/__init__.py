"""The format `verilog`: a synthesisable core of one network copy, with its learning rules, and its test benches."""

from colanet.export.verilog.export import verilog

__all__ = ["verilog"]
