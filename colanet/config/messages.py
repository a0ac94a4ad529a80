"""Pydantic's findings in plain words, one line a field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

_ALTERNATIVES = {
    "tau_m": "expected a number of steps from 1 to 1048576, or infinity",
    "memory": "expected a whole number of steps, infinity, a uniform or a log_uniform distribution",
    "delay": "expected a whole number of steps from 1 to 30, a uniform or a log_normal distribution",
    "initial_resource": "expected a number, a uniform or a discrete distribution",
    "options": "expected names with numbers or texts",
}
"""Fields that take more than one type: pydantic reports every alternative, the user wants one line."""

_DISTRIBUTIONS = {
    "uniform": "Uniform",
    "log_uniform": "LogUniform",
    "log_normal": "LogNormal",
    "values": "Discrete",
}

WORD = r"^[A-Za-z0-9_-]+$"
"""Pattern of names that become names of files."""

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "unknown field",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a smaller whole number",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "string_type": "expected text",
    "string_too_short": "expected text",
    "string_too_long": "expected at most {max_length} characters",
    "tuple_type": "expected a list",
    "dict_type": "expected fields with values",
    "model_type": "expected fields with values",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
    "greater_than_equal": "expected at least {ge}",
    "greater_than": "expected more than {gt}",
    "less_than_equal": "expected at most {le}",
    "less_than": "expected less than {lt}",
    "literal_error": "expected one of {expected}",
    "value_error": "{error}",
    "union_tag_not_found": "kind is missing",
    "union_tag_invalid": "expected a kind out of {expected_tags}, not {tag}",
}
_NAME_FIELDS = {"name", "source", "target", "population", "rule"}
_WITHOUT_VALUE = {"missing", "extra_forbidden", "value_error", "too_short", "too_long"}
_WITHOUT_VALUE |= {"union_tag_not_found", "union_tag_invalid"}


def shorten(value: Any, limit: int = 60) -> str:
    """repr of a value, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + "..."


def explain(
    error: ValidationError, item: dict[str, Any], cls: type[BaseModel]
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield (path inside the object, message), one for each field that is wrong."""
    seen: set[Any] = set()
    details = error.errors(include_url=False)
    for detail in details:
        path = tuple(detail["loc"])
        field = path[0] if path else None
        if detail["type"] == "missing" and path and isinstance(path[-1], int):
            if field not in seen:
                yield path[:-1], "has too few entries"
            continue
        if field in seen and field in _ALTERNATIVES:
            continue
        seen.add(field)
        # Other models have fields of the same names that take one type; only alternatives have longer paths.
        if field in _ALTERNATIVES and len(path) > 1:
            yield (field,), _alternatives(details, str(field), item.get(str(field)))
        else:
            yield path, _in_words(detail, cls)


def _alternatives(details: list[Any], field: str, value: Any) -> str:
    """The complaint of the distribution that was meant, or a list of what the field takes."""
    if isinstance(value, dict):
        meant = {_DISTRIBUTIONS[key] for key in value if key in _DISTRIBUTIONS}
        for detail in details:
            branch = str(detail["loc"][1]).rpartition(" ")[2].rstrip("]") if len(detail["loc"]) > 1 else ""
            if detail["loc"][0] == field and branch in meant:
                inner = [str(part) for part in detail["loc"][2:]]
                return ": ".join([*inner, _in_words(detail, BaseModel)])
    return f"{_ALTERNATIVES[field]}, not {shorten(value)}"


def _in_words(detail: Any, cls: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "string_pattern_mismatch":
        is_name = detail["loc"] and detail["loc"][-1] in _NAME_FIELDS and "/" in context["pattern"]
        what = "a name without blanks, '/', '.', ':' and '>'" if is_name else "one line of printable text"
        what = "a name of letters, digits, '_' and '-'" if context["pattern"] == WORD else what
        return f"expected {what}, not {shorten(detail['input'])}"
    context = {key: f"{value:.12g}" if isinstance(value, float) else value for key, value in context.items()}
    for name in ("expected", "expected_tags"):
        if name in context:  # pydantic's list of words: 'a', 'b' or 'c'
            context[name] = ", ".join(re.findall(r"'([^']*)'", context[name]))
    text = _WORDS[kind].format(**context) if kind in _WORDS else f"is not accepted ({detail['msg']})"
    if kind in _WITHOUT_VALUE:
        return text
    return f"{text}, not {shorten(detail['input'])}"
