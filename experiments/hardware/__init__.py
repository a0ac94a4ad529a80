"""Verilog cores on FPGAs: how much of a device they take, and how fast they run.

    python -m experiments.hardware cycles        # clock cycles an image, by Verilator
    python -m experiments.hardware synthesise    # yosys and nextpnr for every core and device of `cores.py`
    python -m experiments.hardware bitstream CORE --device LFE5U-85F   # of one exported core

Results go to experiments/results/hardware, one file a row; rows of the present core are kept.
"""
