"""Comparison methods of continual learning: backpropagation, and methods without it.

The network has 512 rectified linear units and a softmax over the classes, and minimises the cross-entropy with
PyTorch. Every method sees each training image of the tasks once, in order; networks in minibatches. Replay methods
see what they have stored again besides. No method is told which task an image is of. The methods:

| name | what it does against forgetting |
| --- | --- |
| backprop | nothing |
| backprop-dropout | silences each hidden unit with a probability while learning |
| backprop-self-reminder | keeps a part of each task's images and mixes them into all later tasks |
| backprop-reservoir | keeps a fixed number of images, a uniform sample of all seen; some join each batch |
| backprop-ewc | elastic weight consolidation, online: holds weights that mattered for former tasks |
| backprop-si | Synaptic Intelligence: holds weights that lowered the loss of former tasks |
| backprop-owm | orthogonal weights modification: moves weights across the inputs of former tasks only |
| backprop-kwta | sparse: only the k most active hidden units of an image are used and changed |
| backprop-joint | learns all tasks' images as one mixed stream: the upper bound |
| ridge | ridge regression on random features or pixels, by running sums: exact, forgets nothing |
| slda | streaming linear discriminant analysis, by the same sums |
| nearest-mean | the class whose mean is nearest |
| nearest-neighbour | stores all images: the nearest of them; scikit-learn |
"""

from colanet.continual.baselines.options import METHODS, BaselineOptions, read_options, used
from colanet.continual.baselines.room import check_room
from colanet.continual.baselines.run import BaselineOutcome, run_baseline

__all__ = ["METHODS", "BaselineOptions", "BaselineOutcome", "check_room", "read_options", "run_baseline", "used"]
