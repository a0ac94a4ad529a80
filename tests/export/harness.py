"""Compiles what `--format c` writes, runs it, and gives its spikes and its state back."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from colanet.export import export
from colanet.export.c.build import model_of

STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror")
DRIVER = """
#include <stdio.h>
#include "{name}.h"

static struct {name} net;
static int32_t numbers[4 + {inputs}];
static {index} nodes[{inputs}][{largest}];

static void put(int64_t value) {{ fwrite(&value, sizeof value, 1, stdout); }}
static int get(void *to, size_t size, size_t n) {{ return fread(to, size, n, stdin) == n; }}

/* Steps, steps with learning; then for every step and input how many nodes, and which. */
int main(void)
{{
    int32_t t, k;
    struct {name}_inputs in;
    if (!get(numbers, sizeof *numbers, 2)) return 2;
    {name}_init(&net);
    put(net.step);
    for (t = 0; t < numbers[0]; ++t) {{
        for (k = 0; k < {inputs}; ++k) {{
            if (!get(&numbers[4 + k], sizeof *numbers, 1)) return 2;
            if (!get(nodes[k], sizeof **nodes, (size_t)numbers[4 + k])) return 2;
        }}
{read}
        {name}_step(&net, &in);
{fired}
    }}
    put(-1);
    put(net.step);
{state}
    return 0;
}}
"""
WITHIN_A_STEP = {"n_fired", "fired", "current", "forcing", "wake", "sleep", "reward", "kicked", "codes"}


def tool(name: str) -> str:
    """Where a program is; skips where it is not."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}")
    return found


def driver(net) -> str:
    """A main program for a network: spikes in, spikes and state out."""
    read = [
        f"        in.{source.id}.nodes = nodes[{k}]; in.{source.id}.n = (uint32_t)numbers[4 + {k}];"
        for k, source in enumerate(net.inputs)
    ]
    if net.learn:
        read.append("        net.learning = t < numbers[1];")
    fired = [
        f"        for (k = 0; k < (int32_t)net.{p.id}.n_fired; ++k) {{\n"
        f"            put(t); put({p.p.start} + net.{p.id}.fired[k]);\n        }}"
        for p in net.populations
    ]
    state = []
    for owner, array in arrays_of(net):
        place = f"[k / {array.values.shape[-1]}][k % {array.values.shape[-1]}]" if array.values.ndim == 2 else "[k]"
        put = f"put((int64_t)net.{owner.id}.{array.name}{place})"
        state.append(f"    for (k = 0; k < {array.values.size}; ++k) {put};")
    return DRIVER.format(
        name=net.name, inputs=len(net.inputs), index=net.index_type, largest=max(s.size for s in net.inputs),
        read="\n".join(read), fired="\n".join(fired), state="\n".join(state),
    )  # fmt: skip


def arrays_of(net):
    """Arrays that outlive a step, with their owners."""
    return [(owner, a) for owner in net.owners for a in owner.arrays if a.name not in WITHIN_A_STEP]


def built(folder, plan, state, *, learn, step=0, copy=0, flags=("-O1",)):
    """The program and the model of an exported network."""
    name = f"{'l' if learn else 'i'}{copy}"
    options = {"learn": learn, "copy": copy, "name": name}
    source = export("c", plan, state, folder, overwrite=True, options=options, step=step)[1]
    net = model_of(plan, state, copy=copy, learn=learn, name=name, step=step)
    main, program = folder / f"{name}_main.c", folder / name
    main.write_text(driver(net))
    compile_c([tool("gcc"), *STRICT, *flags, str(main), str(source), "-o", str(program)])
    return program, net


def compile_c(words, folder=None):
    """Call a compiler, which must have nothing to say."""
    done = subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def ran(program, net, inputs, start, stop, freeze):
    """Spikes (step, flat neuron) and the arrays that outlive a step, by owner and name."""
    parts = [np.array([stop - start, freeze - start], dtype="<i4").tobytes()]
    index = "<u2" if net.index_type == "uint16_t" else "<u4"
    for t in range(start, stop):
        for k in range(len(net.inputs)):
            nodes = inputs.at(k, t)
            parts += [np.array([len(nodes)], dtype="<i4").tobytes(), nodes.astype(index).tobytes()]
    done = subprocess.run([str(program)], input=b"".join(parts), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    out = np.frombuffer(done.stdout, dtype="<i8")
    assert out[0] == start
    end = 1
    while out[end] != -1:
        end += 2
    spikes = out[1:end].reshape(-1, 2) + np.array([start, 0])
    assert out[end + 1] == stop
    found, at = {}, end + 2
    for owner, array in arrays_of(net):
        found[owner.id, array.name] = out[at : at + array.values.size].reshape(array.values.shape)
        at += array.values.size
    assert at == len(out)
    return spikes[np.lexsort(spikes.T[::-1])], found
