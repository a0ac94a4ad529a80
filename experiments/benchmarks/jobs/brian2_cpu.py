"""CPU time of a part of a program that Brian2 makes. What Brian2 tells itself is wall time."""

import os

import brian2 as b2

BEGIN = "const clock_t measured_began = clock();"
END = """
FILE* measured = fopen("{}", "w");
fprintf(measured, "%.9f", double(clock() - measured_began) / CLOCKS_PER_SEC);
fclose(measured);
"""


def watch():
    """What is run from here on counts."""
    b2.device.insert_code("main", BEGIN)


def watched(folder):
    """Compile unless that is done, run, and tell the CPU seconds from `watch` to here."""
    path = os.path.join(folder, "cpu_seconds")
    b2.device.insert_code("main", END.format(path))
    b2.device.build(directory=folder, compile=not os.path.exists(os.path.join(folder, "main")), run=False)
    b2.device.run(folder, "results", with_output=False, run_args=[])
    with open(path) as file:
        return float(file.read())
