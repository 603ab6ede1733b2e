"""The arguments of a tool: one description of each is shown to the agent and used to check its call."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, cast

import orjson
from attrs import frozen

__all__ = ["Kind", "Parameter", "Refused", "read_arguments", "schema_of"]


class Refused(Exception):
    """A call that is not carried out.

    Args:
        reason: Why, in this library's words only: the agent sees it unchanged.
        problems: Each thing that is wrong, where there may be several.
    """

    def __init__(self, reason: str, problems: Sequence[str] = ()) -> None:
        self.reason = reason
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__(reason)


class Kind(StrEnum):
    """What an argument is, in JSON Schema's words."""

    TEXT = "string"
    NUMBER = "integer"
    FLAG = "boolean"
    TEXTS = "array"
    OBJECT = "object"


@frozen(slots=True, kw_only=True)
class Parameter:
    """One argument of a tool.

    Attributes:
        name: Its name.
        kind: What it is.
        about: What it means, for the agent.
        required: Whether it must be given.
        choices: The only allowed values, for a text or for each text of a list.
        least: The smallest number.
        most: The largest number, the longest text, or how many texts.
    """

    name: str
    kind: Kind
    about: str
    required: bool = False
    choices: tuple[str, ...] | None = None
    least: int = 0
    most: int = 4_000


def schema_of(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the JSON Schema of the arguments."""
    return {
        "type": "object",
        "properties": {one.name: _schema(one) for one in parameters},
        "required": [one.name for one in parameters if one.required],
        "additionalProperties": False,
    }


def _schema(one: Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {"type": str(one.kind), "description": one.about}
    rule: dict[str, Any] = {"minLength": 1} if one.choices is None else {"enum": list(one.choices)}
    text = {"type": "string", **rule}
    match one.kind:
        case Kind.NUMBER:
            found |= {"minimum": one.least, "maximum": one.most}
        case Kind.TEXT:
            found |= text if one.choices is not None else {"minLength": 1, "maxLength": one.most}
        case Kind.TEXTS:
            found |= {"items": text, "minItems": 1, "maxItems": one.most}
        case Kind.FLAG | Kind.OBJECT:
            pass
    return found


def read_arguments(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call, checked; those that were not given are `None`.

    Raises:
        Refused: An argument is missing, unknown or out of range; its value is not repeated.
    """
    known = {one.name for one in parameters}
    problems = [f"there is no argument {name[:50]!r}" for name in given if name not in known]
    for one in parameters:
        value = given.get(one.name)
        if value is None:
            if one.required:
                problems.append(f"{one.name} is missing")
        elif (problem := _problem(one, value)) is not None:
            problems.append(f"{one.name} {problem}")
    if problems:
        raise Refused("The arguments do not fit this tool", problems)
    return {one.name: given.get(one.name) for one in parameters}


def _problem(one: Parameter, value: object) -> str | None:
    match one.kind:
        case Kind.TEXT:
            return _text_problem(one, value)
        case Kind.NUMBER:
            fits = isinstance(value, int) and not isinstance(value, bool) and one.least <= value <= one.most
            return None if fits else f"is not a whole number from {one.least} to {one.most}"
        case Kind.FLAG:
            return None if isinstance(value, bool) else "is neither true nor false"
        case Kind.OBJECT:
            return None if isinstance(value, dict) and _is_json(cast("object", value)) else "is not an object"
        case Kind.TEXTS:
            if not isinstance(value, list) or not 1 <= len(cast("list[object]", value)) <= one.most:
                return f"is not a list of 1 to {one.most} texts"
            texts = cast("list[object]", value)
            return next((found for text in texts if (found := _text_problem(one, text)) is not None), None)


def _is_json(value: object) -> bool:
    """Return whether *value* can be sent: JSON accepts lone surrogates, and numbers that others refuse."""
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def _text_problem(one: Parameter, value: object) -> str | None:
    if not isinstance(value, str) or not value or not _is_json(value):
        return "is not a text"
    if one.choices is not None:
        # The message does not list the values: an agent must not learn what it was not granted.
        return None if value in one.choices else "is not granted"
    longest = 4_000 if one.kind is Kind.TEXTS else one.most
    return None if len(value) <= longest else f"is longer than {longest} characters"
