"""Weights as codes: w = weight_base + weight_step x code, and the resources at which the next code begins."""

from __future__ import annotations

import numpy as np

from colanet.plan import Plasticity
from colanet.plan.fixed import in_resources

MOST_LEVELS = 1024
"""With more codes a table would be larger than the division that it saves."""


def levels(rule: Plasticity) -> np.ndarray:
    """The least resource of each code from 1 on, in units of the grain; int64, ascending.

    With S the span as a resource, a code of c or more needs a full weight of base + c s - s div 2 or more, which is
    m above w_min. That is (2 span W + S + W) div (2 (S + W)) >= m, so W >= (2 m - 1) S / (2 (span - m) + 1). Codes
    that no resource within the limit reaches are left out.
    """
    span, step = rule.w_max - rule.w_min, rule.weight_step
    span_q = in_resources(span)
    found = []
    for code in range(1, rule.largest_code + 1):
        least = rule.weight_base - rule.w_min + code * step - step // 2
        resource = -(-(2 * least - 1) * span_q // (2 * (span - least) + 1))
        grains = -(-resource // rule.resource_grain)
        if grains * rule.resource_grain > rule.resource_limit:
            break
        found.append(grains)
    return np.array(found, dtype=np.int64)
