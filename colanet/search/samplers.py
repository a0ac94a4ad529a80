"""How the next trials are chosen: Optuna's samplers, described and made.

A sampler is made anew for every generation from a seed of its own, so that nothing it remembers is lost when a
search is interrupted: what it asks depends on the finished trials alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from colanet.config.values import Frozen, Probability

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

Count = Annotated[int, Field(ge=1, le=100_000)]


class TPE(Frozen):
    """Tree-structured Parzen estimator (Bergstra et al., NIPS 2011; Watanabe, arXiv 2304.11127).

    Attributes
    ----------
    startup : int
        Finished trials before which values are drawn at random.
    candidates : int
        Draws of which the most promising is tried.
    multivariate : bool
        Parameters are modelled together.
    """

    kind: Literal["tpe"] = "tpe"
    startup: Annotated[int, Field(ge=0)] = 10
    candidates: Count = 24
    multivariate: bool = True

    def make(self, seed: int, generation: int) -> BaseSampler:
        """A sampler of Optuna with this seed, for generations of so many trials."""
        from optuna.samplers import TPESampler

        # constant_liar: the trials of one generation are asked together and must not crowd at one place.
        return TPESampler(
            seed=seed,
            n_startup_trials=self.startup,
            n_ei_candidates=self.candidates,
            multivariate=self.multivariate,
            constant_liar=True,
        )


class Genetic(Frozen):
    """NSGA-II (Deb et al., 2002), here with one objective; a population is one generation of the search.

    Attributes
    ----------
    crossover : str
        How real and whole numbers of two parents are mixed.
    crossover_rate, swap_rate : float
        Probability of a crossover, and of taking the second parent's choice or (uniform crossover) value.
    mutation_rate : float or None
        Probability that a value is drawn anew; None: one over the number of parameters.
    """

    kind: Literal["genetic"] = "genetic"
    crossover: Literal["uniform", "blx_alpha", "sbx", "vsbx"] = "uniform"
    crossover_rate: Probability = 0.9
    swap_rate: Probability = 0.5
    mutation_rate: Probability | None = None

    def make(self, seed: int, generation: int) -> BaseSampler:
        """A sampler of Optuna with this seed, for generations of so many trials."""
        from optuna.samplers import NSGAIISampler, nsgaii

        crossovers: dict[str, Any] = {
            "uniform": lambda: nsgaii.UniformCrossover(self.swap_rate),
            "blx_alpha": nsgaii.BLXAlphaCrossover,
            "sbx": nsgaii.SBXCrossover,
            "vsbx": nsgaii.VSBXCrossover,
        }
        return NSGAIISampler(
            seed=seed,
            population_size=generation,
            mutation_prob=self.mutation_rate,
            crossover=crossovers[self.crossover](),
            crossover_prob=self.crossover_rate,
            swapping_prob=self.swap_rate,
        )


class Random(Frozen):
    """Independent draws."""

    kind: Literal["random"] = "random"

    def make(self, seed: int, generation: int) -> BaseSampler:
        """A sampler of Optuna with this seed, for generations of so many trials."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=seed)


class QMC(Frozen):
    """A quasi-random sequence: fills the space more evenly than independent draws.

    Attributes
    ----------
    sequence : {'sobol', 'halton'}
    """

    kind: Literal["qmc"] = "qmc"
    sequence: Literal["sobol", "halton"] = "sobol"

    def make(self, seed: int, generation: int) -> BaseSampler:
        """A sampler of Optuna with this seed, for generations of so many trials."""
        from optuna.samplers import QMCSampler

        return QMCSampler(qmc_type=self.sequence, scramble=True, seed=seed, warn_independent_sampling=False)


Sampler = Annotated[TPE | Genetic | Random | QMC, Field(discriminator="kind")]
