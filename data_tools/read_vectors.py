"""Reads what `colanet export --format vectors` wrote, and computes the thresholds out of the weights' codes.

Usage: python read_vectors.py FOLDER. It needs nothing but Python. `check_vectors.py` computes all the rest.
"""

import hashlib
import json
import sys
from pathlib import Path


def words(folder, manifest, what, of, when):
    """The words of one memory file as numbers; those below zero are in two's complement."""
    told = next(f for f in manifest["files"] if (f["what"], f["of"], f["when"]) == (what, of, when))
    text = (folder / told["file"]).read_bytes()
    assert hashlib.sha256(text).hexdigest() == told["sha256"], f"{told['file']} is not the one that was written"
    sign = 1 << (told["width"] - 1) if told["signed"] else 0
    return [(int(line, 16) ^ sign) - sign for line in text.split()]


def threshold(folder, manifest, population):
    """Base + alpha x sum of the positive weights of each neuron; a weight is w_min + weight_step x code."""
    rule, positive = population["plasticity"], [0] * population["size"]
    for q in manifest["projections"]:
        if q["kind"] == "plastic" and q["target"] == population["name"]:
            codes = words(folder, manifest, "code", q["name"], "before")
            for neuron, code in zip(words(folder, manifest, "post", q["name"], "constant"), codes, strict=True):
                positive[neuron] += max(rule["w_min"] + rule["weight_step"] * code, 0)
    base, bits = manifest["constants"]["base_threshold"], manifest["constants"]["fraction_bits"]
    return [base + (population["alpha"] * total >> bits) for total in positive]


if __name__ == "__main__":
    place = Path(sys.argv[1])
    told = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    for one in (p for p in told["populations"] if p["plasticity"] and not p["ramp_period"]):
        found, expected = threshold(place, told, one), words(place, told, "threshold", one["name"], "before")
        verdict = "equal" if found == expected else "DIFFER"
        print(f"{one['name']}: thresholds {min(found)} to {max(found)}, {verdict}")
