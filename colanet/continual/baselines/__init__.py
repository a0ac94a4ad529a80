"""Comparison methods of continual learning: one backpropagation network, several ways to remember.

The network has 512 rectified linear units and a softmax over the classes, and minimises the cross-entropy with
PyTorch. Every method sees each training image of the tasks once, in order, in minibatches; replay methods see what
they have stored again besides. The methods:

| name | what it does against forgetting |
| --- | --- |
| backprop | nothing |
| backprop-dropout | silences each hidden unit with a probability while learning |
| backprop-self-reminder | keeps a part of each task's images and mixes them into all later tasks |
| backprop-reservoir | keeps a fixed number of images, a uniform sample of all seen; some join each batch |
| backprop-ewc | elastic weight consolidation, online: holds weights that mattered for former tasks |
| backprop-joint | learns all tasks' images as one mixed stream: the upper bound |
"""

from colanet.continual.baselines.options import METHODS, BaselineOptions, read_options, used
from colanet.continual.baselines.run import BaselineOutcome, run_baseline

__all__ = ["METHODS", "BaselineOptions", "BaselineOutcome", "read_options", "run_baseline", "used"]
