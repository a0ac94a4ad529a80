"""Which trials the next generation consists of: a pure function of the study and of the finished generations.

Optuna's samplers keep random states in memory, which an interruption loses, and look at trials in the order in
which they end, which depends on the number of workers. So each generation is asked of a study in memory that is
built from the finished trials in the order they were asked, with a sampler seeded by (seed, generation).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet.search.quiet import quiet_optuna
from colanet.search.samplers import QMC
from colanet.search.study import Study

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def ask(study: Study, finished: Sequence[FrozenTrial], generation: int) -> list[FrozenTrial]:
    """The trials of one generation.

    Parameters
    ----------
    study : Study
    finished : sequence of FrozenTrial
        All trials of the generations before this one, in the order of their numbers.
    generation : int
        Counted from 0.

    Returns
    -------
    list of FrozenTrial
        `study.generation` of them, running, with all their values.
    """
    with quiet_optuna() as optuna:
        sequence = isinstance(study.sampler, QMC)
        seed = study.seed if sequence else generation_seed(study.seed, generation)
        sampler = study.sampler.make(seed, study.generation)
        memory = optuna.create_study(direction="maximize", sampler=sampler)
        distributions = {name: p.distribution() for name, p in study.parameters.items()}
        skipped = 0
        if sequence:
            # A point of the sequence depends on its position alone; the space is known from any finished trial.
            memory.add_trial(_anywhere(optuna, distributions))
            skipped = generation * study.generation
        else:
            for trial in _as_learnt(optuna, finished):
                memory.add_trial(trial)
        first = len(memory.trials) + skipped
        for _ in range(skipped):
            memory.ask(distributions)
        for values in study.start[generation * study.generation : (generation + 1) * study.generation]:
            memory.enqueue_trial(values)
        for _ in range(study.generation):
            memory.ask(distributions)
        asked: list[FrozenTrial] = memory.get_trials()[first:]
        return asked


def generation_seed(seed: int, generation: int) -> int:
    """A seed for each generation, 31 bits."""
    return int(np.random.SeedSequence([seed, generation]).generate_state(1)[0] >> 1)


def _as_learnt(optuna: Any, finished: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Finished trials as the sampler sees them: what failed is worse than everything else, to be avoided."""
    values = [trial.value for trial in finished if trial.value is not None]
    worst = min(values, default=0.0) - 1.0
    return [
        optuna.trial.create_trial(
            value=worst if trial.value is None else trial.value,
            params=trial.params,
            distributions=trial.distributions,
            system_attrs=trial.system_attrs,
        )
        for trial in finished
    ]


def _anywhere(optuna: Any, distributions: dict[str, Any]) -> FrozenTrial:
    """A finished trial with the lowest values."""
    params = {name: d.choices[0] if hasattr(d, "choices") else d.low for name, d in distributions.items()}
    trial: FrozenTrial = optuna.trial.create_trial(value=0.0, params=params, distributions=distributions)
    return trial
