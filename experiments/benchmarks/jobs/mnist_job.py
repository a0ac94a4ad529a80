"""MNIST once: every training image seen a single time, then the test images answered. Run by its path.

    python mnist_job.py '{"method": "MLPClassifier", "seed": 0, "data": null}'

All libraries have their default settings, and images divided by 255 where they take numbers.
"""

import time
import warnings
from pathlib import Path

import numpy as np
from columns_work import run
from peak import highest_memory

BATCH, RATE = 32, 1e-3  # what examples of PyTorch have


def colanet(path, seed, data, train, test):
    """A shipped network, from its file to the accuracy."""
    from colanet import Session, load

    described = load(path)
    session = Session(described, base_dir=Path(path).parent, engine="numba", threads=1, seed=seed, data_dir=data,
                      train=train, test=test)  # fmt: skip
    session.proceed()
    answered = session.answers()[-test:] == session.labels()[-test:]
    return float(answered.mean())


def sklearn(make, images):
    """One pass of a classifier of scikit-learn."""
    warnings.simplefilter("ignore")  # one pass does not converge
    x, y, x_test, y_test = images
    return float((make().fit(x, y).predict(x_test) == y_test).mean())


def torch(layers, shape, seed, images):
    """One pass of a network of PyTorch by Adam."""
    import torch as t

    t.set_num_threads(1)
    t.manual_seed(seed)
    model = layers(t.nn)
    optimizer, loss = t.optim.Adam(model.parameters(), lr=RATE), t.nn.CrossEntropyLoss()
    x, y, x_test, y_test = (t.as_tensor(part) for part in images)
    x, x_test = x.reshape(-1, *shape), x_test.reshape(-1, *shape)
    for batch in t.randperm(len(x)).split(BATCH):
        optimizer.zero_grad()
        loss(model(x[batch]), y[batch]).backward()
        optimizer.step()
    with t.no_grad():
        answers = t.cat([model(part).argmax(dim=1) for part in x_test.split(1000)])
    return float((answers == y_test).float().mean())


def dense(nn):
    """784 - 512 - 10."""
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))


def convolutions(nn):
    """Two convolutions of 5 x 5, pooled, and one hidden layer."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def images_of(data, train, test):
    """Numbers from 0 to 1, in single precision, and labels of both parts."""
    from colanet import datasets

    d = datasets.load("mnist", data)
    x, x_test = (
        part.reshape(len(part), -1).astype(np.float32) / np.float32(255)
        for part in (d.train_images[:train], d.test_images[:test])
    )
    return x, d.train_labels[:train].astype(np.int64), x_test, d.test_labels[:test].astype(np.int64)


def accuracy(method, seed, data, train, test):
    """Share of the test images that are answered rightly."""
    if method.endswith((".yaml", ".nnc")):
        return colanet(method, seed, data, train, test)
    images = images_of(data, train, test)
    if method == "SGDClassifier":
        from sklearn.linear_model import SGDClassifier

        return sklearn(lambda: SGDClassifier(max_iter=1, tol=None, random_state=seed), images)
    if method == "MLPClassifier":
        from sklearn.neural_network import MLPClassifier

        return sklearn(lambda: MLPClassifier(max_iter=1, random_state=seed), images)
    shape = (1, 28, 28) if method == "convolutions" else (784,)
    return torch(convolutions if method == "convolutions" else dense, shape, seed, images)


def warm(method, data):
    """Import what the method imports, and load or compile its kernels, before the time is taken."""
    accuracy(method, 0, data, 200, 200)


def main(method, seed, data, train, test):
    """CPU seconds from the data to the accuracy, the accuracy, and bytes of memory."""
    warm(method, data)
    began = time.process_time()
    found = accuracy(method, seed, data, train, test)
    return {"run_seconds": time.process_time() - began, "accuracy": found, "bytes": highest_memory()}


if __name__ == "__main__":
    run(main)
