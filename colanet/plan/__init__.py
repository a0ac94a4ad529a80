"""Plans: a network as plain integers, arrays and an ordered list of operations."""

from colanet.plan.build import Plan, PopulationPlan, ProjectionPlan, build

__all__ = ["Plan", "PopulationPlan", "ProjectionPlan", "build"]
