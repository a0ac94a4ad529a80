"""Runs a folder of the format `sanafe` in SANA-FE: python sanafe_runs.py FOLDER IMAGES STEPS OUT.

After each image the potentials are reset, while the spike trains of the data go on. The spikes of each image go to
OUT as JSON: a list of (step, group, neuron). It is a program of its own, for SANA-FE is under the GPL.
"""

import json
import sys
from pathlib import Path

import sanafe

folder, images, steps, out = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
architecture = sanafe.load_arch(str(folder / "architecture.yaml"))
chip = sanafe.SpikingChip(architecture)
chip.load(sanafe.load_net(str(folder / "network.yaml"), architecture))
found = []
for _ in range(images):
    trace = chip.sim(steps, spike_trace=True, timing_model="simple")["spike_trace"]
    found.append([(t, one.group_name, one.neuron_offset) for t, spikes in enumerate(trace) for one in spikes])
    chip.reset()
out.write_text(json.dumps(found))
