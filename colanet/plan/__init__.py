"""Plans: a network as plain integers, arrays and an ordered list of operations."""

from colanet.plan.build import build
from colanet.plan.plan import Plan, Plasticity, PopulationPlan, ProjectionPlan

__all__ = ["Plan", "Plasticity", "PopulationPlan", "ProjectionPlan", "build"]
