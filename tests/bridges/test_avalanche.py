"""A column network as a strategy of Avalanche."""

import numpy as np
import pytest

pytest.importorskip("torch", reason='pip install "colanet[avalanche]" brings PyTorch')
pytest.importorskip("avalanche", reason='pip install "colanet[avalanche]" brings Avalanche')
pytest.importorskip("sklearn", reason='pip install "colanet[sklearn]" brings scikit-learn')

import torch
from avalanche.benchmarks.scenarios.supervised import class_incremental_benchmark
from avalanche.benchmarks.utils import as_classification_dataset
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.training.plugins import EvaluationPlugin, ReplayPlugin
from torch.utils.data import TensorDataset

from colanet import CoLaNETClassifier
from colanet.bridges.avalanche import Columns, rows

STREAM = "Top1_Acc_Stream/eval_phase/test_stream"


def small():
    return CoLaNETClassifier(copies=5, microcolumns=5)


def dataset(seed):
    random = np.random.default_rng(seed)
    labels = torch.tensor(np.arange(320) % 4)
    lit = torch.arange(16).reshape(1, 4, 4) // 4 == labels[:, None, None]
    made = TensorDataset(torch.tensor(random.random((320, 4, 4))) * 0.3 + lit * 0.7, labels)
    made.targets = labels
    return as_classification_dataset(made)


@pytest.fixture(scope="module")
def benchmark():
    data = {"train": dataset(0), "test": dataset(1)}
    return class_incremental_benchmark(data, num_experiences=2, seed=0)


def strategy(**options):
    torch.manual_seed(0)  # of the loaders
    metrics = EvaluationPlugin(accuracy_metrics(stream=True), loggers=[])
    return Columns(classes=4, classifier=small(), evaluator=metrics, **options)


def test_it_is_the_classifier_on_the_same_samples(benchmark):
    class Seen(SupervisedPlugin):
        """What the loaders bring, in their order."""

        def __init__(self):
            super().__init__()
            self.batches = []

        def after_training_iteration(self, strategy, **others):
            self.batches.append((rows(strategy.mb_x), strategy.mb_y.numpy()))

    seen, tried = Seen(), strategy(train_mb_size=64)
    tried.plugins.append(seen)
    tried.train(benchmark.train_stream, eval_streams=[])
    assert [len(y) for _, y in seen.batches] == [64, 64, 32, 64, 64, 32]
    plain = small()
    for X, y in seen.batches:
        plain.partial_fit(X, y, np.arange(4))
    X = np.random.default_rng(2).random((6, 16))
    assert (tried.classifier.votes(X) == plain.votes(X)).all()
    found = tried.model(torch.tensor(X).reshape(6, 4, 4))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(np.exp(found.numpy()), plain.predict_proba(X), rtol=1e-5, atol=1e-8)


def test_it_runs_a_benchmark(benchmark):
    tried = strategy()
    assert tried.eval(benchmark.test_stream)[STREAM] <= 0.5  # nothing is learnt: one class for all
    found = []
    for experience in benchmark.train_stream:
        tried.train(experience)
        found.append(tried.eval(benchmark.test_stream)[STREAM])
    assert 0.35 < found[0] <= 0.5  # the other two classes have not come
    assert found[1] > 0.7


def test_plugins_that_bring_other_samples_work(benchmark):
    tried = strategy(plugins=[ReplayPlugin(mem_size=12)])
    tried.train(benchmark.train_stream)
    assert tried.classifier.class_count_.sum() > 320  # the kept samples come twice
