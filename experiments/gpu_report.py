"""What `python -m experiments.gpu_check` found, for people."""

from __future__ import annotations

from typing import Any

from colanet.continual.tables import markdown_table

TARGET = "132 networks of 15 microcolumns through 60,000 MNIST training images in 2 s on an H200"


def report(results: dict[str, Any]) -> str:
    """The results for people."""
    lines = ["# GPU check", "", "Written by `python -m experiments.gpu_check`, all figures from one run.", ""]
    if results.get("quick"):
        lines += ["**A quick run to test the script; its figures mean nothing.**", ""]
    if not results["complete"]:
        lines += ["This run is not complete.", ""]
    lines += [f"{key}: {value}  " for key, value in results.get("machine", {}).items()]
    lines += ["", *(f"{key}: {value:.4g}  " for key, value in numbers(results.get("probes")).items()), ""]
    if isinstance(results.get("equality"), list):
        rows = [
            [r["configuration"], r["steps"], "yes" if r["equal"] else "**NO**",
             f"{r['numba_seconds']:.2f}", f"{r['gpu_seconds']:.2f}"]
            for r in results["equality"]
        ]  # fmt: skip
        lines += [markdown_table(["configuration", "steps", "numba = GPU", "numba (s)", "GPU (s)"], rows)]
    lines += ["", throughput_table(results), ""]
    lines += [f"{name}: {value}  " for name, value in results.items() if name.startswith("sanitizer")]
    lines += [
        "",
        "Method: training on MNIST from untrained networks; time includes making the input spikes on the device",
        "and reading back the votes. Bytes are the padded weight rows of all spikes that arrive; the limit is the",
        "read bandwidth measured in the same run (cache: all weights fit the second-level cache). Rows may come",
        "from the first-level cache, so the fraction can exceed 1.",
        f"Aim: {TARGET}.",
    ]  # fmt: skip
    return "\n".join(lines)


def numbers(values: Any) -> dict[str, float]:
    """What is a number among values."""
    return {k: v for k, v in (values or {}).items() if isinstance(v, int | float)}


def throughput_table(results: dict[str, Any]) -> str:
    """A row for each size that was measured."""
    cpu = results.get("numba_throughput")
    by_size = {r["microcolumns"]: r["network_images_per_second"] for r in cpu} if isinstance(cpu, list) else {}
    head = [
        "microcolumns", "networks", "networks x images (1/s)", "times numba on all cores", "blocks an SM",
        "part of the memory limit", "which limit", "part of the integer limit",
    ]  # fmt: skip
    rows = []
    for name, r in results.items():
        if name.startswith("throughput") and "seconds" in r:
            ratio = r["network_images_per_second"] / by_size[r["microcolumns"]] if by_size else float("nan")
            rows.append([
                r["microcolumns"], r["networks"], f"{r['network_images_per_second']:.4g}", f"{ratio:.3g}",
                r.get("occupancy", {}).get("blocks_per_multiprocessor", "-"),
                f"{r.get('fraction_of_limit', float('nan')):.3g}", r.get("limit", "-"),
                f"{r.get('fraction_of_integer_limit', float('nan')):.3g}",
            ])  # fmt: skip
    return markdown_table(head, rows)


def failed(results: dict[str, Any], found: int) -> bool:
    """Whether something that must hold does not; `found` is the exit status of a tool that found something."""
    equal = results.get("equality")
    wrong = not isinstance(equal, list) or not all(row["equal"] for row in equal)
    if any(part.get("exit_status") == found for part in results.values() if isinstance(part, dict)):
        return True
    return wrong or any("error" in part for part in results.values() if isinstance(part, dict))
