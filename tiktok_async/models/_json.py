"""Models as JSON: `to_dict`, `to_json`, and the schemas for pydantic and FastAPI.

pydantic is not a dependency. It calls the two `__get_pydantic_...__` hooks for one of these classes, and only then is
it imported here.
"""

import json
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from enum import Enum
from inspect import cleandoc
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs
from attrs import Attribute

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema
    from pydantic_core.core_schema import SerializationInfo

__all__ = ["WIRE_ID", "WIRE_NAME", "JsonModel", "as_word", "private"]

WIRE_NAME = "tiktok_async.wire_name"
WIRE_ID = "tiktok_async.wire_id"
_PRIVATE = "tiktok_async.private"
_AS_JSON = "tiktok_async.as_json"


def private() -> dict[str, Any]:
    """Return the metadata of a field that is never written as JSON, since it could be used to act for the user."""
    return {_PRIVATE: True}


def as_word(convert: Callable[[Any], str]) -> dict[str, Any]:
    """Return the metadata of a field whose value *convert* turns into a text, such as an account into its open_id."""
    return {_AS_JSON: convert}


class JsonModel:
    """The base of every class whose instances can be written as JSON."""

    __slots__ = ()

    # TikTok's names that differ from the fields' names.
    _sent_names: ClassVar[frozenset[str]] = frozenset()

    def to_dict(self, *, raw: bool = False) -> dict[str, Any]:
        """Return the fields as JSON values, under TikTok's names.

        Ids are `str`, times are ISO 8601 in UTC (`2026-11-28T12:00:00Z`), durations are seconds, enums are their
        values, and nested models are dictionaries. Secrets are left out.

        Args:
            raw: Add the values that TikTok sent without a field here, unchanged.

        Example:
            >>> Video(id="7", duration=timedelta(seconds=15)).to_dict()["duration"]
            15
        """
        found = {
            name: _json_value(getattr(self, attribute), raw=raw)
            if convert is None
            else convert(getattr(self, attribute))
            for attribute, name, convert in _PLANS.get(type(self)) or _plan(type(self))
        }
        if raw:
            known = found.keys() | self._sent_names
            sent: Mapping[str, Any] = getattr(self, "raw", {})
            found |= {name: value for name, value in sent.items() if name not in known}
        return found

    def to_json(self, *, raw: bool = False) -> str:
        """Return `to_dict` as JSON text.

        Args:
            raw: As for `to_dict`.

        Example:
            >>> Quota(used=3, limit=1000, resets_at=datetime(2026, 11, 29, tzinfo=UTC)).to_json()
            '{"used":3,"limit":1000,"resets_at":"2026-11-29T00:00:00Z"}'
        """
        found = self.to_dict(raw=raw)
        text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
        try:
            text.encode()
        except UnicodeEncodeError:  # half a surrogate pair, which JSON can only write as an escape
            return json.dumps(found, separators=(",", ":"))
        return text

    @classmethod
    def _make(cls, arguments: dict[str, Any]) -> Self:
        """Return an instance for pydantic, which takes a `ValueError` for an invalid input."""
        return cls(**arguments)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":  # noqa: ANN401 - any form of the class, such as Page[Video]
        """Let pydantic accept instances, TikTok's JSON and results of `to_dict`, and serialise as `to_dict` does."""
        return _core_schema(cls, source, handler)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: "CoreSchema", handler: "GetJsonSchemaHandler") -> "JsonSchemaValue":
        """Give the schema the name and the summary of the class."""
        found = handler(schema)
        handler.resolve_ref_schema(found).update(title=cls.__name__, description=_summary(cls))
        return found


# The JSON of a class: each field's attribute, its name in JSON, and its converter.
_Plan = tuple[tuple[str, str, Callable[[Any], str] | None], ...]
_PLANS: dict[type[JsonModel], _Plan] = {}


def _plan(cls: type[JsonModel]) -> _Plan:
    plan = tuple((field.name, _name_of(field), field.metadata.get(_AS_JSON)) for field in _public_fields(cls))
    _PLANS[cls] = plan
    return plan


def _public_fields(cls: type[JsonModel]) -> "list[Attribute[Any]]":
    kinds = _annotations(cls)
    return [
        field
        for field in attrs.fields(cast("type[attrs.AttrsInstance]", cls))
        if field.name != "raw" and not field.metadata.get(_PRIVATE) and "Secret" not in str(kinds[field.name])
    ]


def _name_of(field: "Attribute[Any]") -> str:
    return str(field.metadata.get(WIRE_NAME) or field.name)


def _annotations(cls: type[JsonModel]) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def _json_value(value: Any, *, raw: bool) -> Any:  # noqa: ANN401, PLR0911 - any value of a field; one line for each kind
    # The most frequent kinds first: most fields are text and numbers.
    if value is None or type(value) in {str, int, bool, float}:
        return value
    if isinstance(value, JsonModel):
        return value.to_dict(raw=raw)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return int(seconds) if seconds.is_integer() else seconds
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return {str(_json_value(name, raw=raw)): _json_value(one, raw=raw) for name, one in entries.items()}
    if isinstance(value, AbstractSet):
        return sorted(_json_value(one, raw=raw) for one in cast("AbstractSet[object]", value))
    if isinstance(value, (list, tuple)):
        return [_json_value(one, raw=raw) for one in cast("tuple[object, ...]", value)]
    if isinstance(value, Exception):
        return _error(value)
    return value if isinstance(value, (str, int, float)) else str(value)


def _error(error: Exception) -> dict[str, Any]:
    found: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    told = ((name, getattr(error, name, None)) for name in ("code", "log_id"))
    return found | {name: word for name, word in told if isinstance(word, str)}


# The rest of this module is used only with pydantic.


def _core_schema(cls: type[JsonModel], source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":  # noqa: ANN401 - as the hook
    from pydantic import Field
    from pydantic_core import core_schema

    kinds = _annotations(cls)
    arguments = dict(zip(getattr(cls, "__parameters__", ()), get_args(source), strict=False))
    words = _attribute_words(cls)
    fields = _public_fields(cls)
    inner = core_schema.typed_dict_schema(
        {
            _name_of(field): core_schema.typed_dict_field(
                handler.generate_schema(
                    Annotated[
                        str
                        if field.metadata.get(_AS_JSON)
                        else _pydantic_kind(kinds[field.name], arguments, is_id=bool(field.metadata.get(WIRE_ID))),
                        Field(description=words.get(field.name)),
                    ]
                ),
                required=field.default is attrs.NOTHING,
            )
            for field in fields
        }
    )

    def validate(value: object, read: Callable[[Any], dict[str, Any]]) -> object:
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            return read(value)  # raises pydantic's error for a value that is not an object
        sent = cast("Mapping[str, Any]", value)
        found = read({name: one for name, one in sent.items() if one is not None or name in _required(cls)})
        given = {field.name: found[_name_of(field)] for field in fields if _name_of(field) in found}
        more = {"raw": dict(sent)} if "raw" in kinds else {}
        return cls._make({**given, **more})  # pyright: ignore[reportPrivateUsage]  # of this class

    def serialize(value: JsonModel, info: "SerializationInfo") -> dict[str, Any]:
        found = {name: one for name, one in value.to_dict().items() if _is_wanted(name, info)}
        return _without_none(found) if info.exclude_none or info.exclude_unset or info.exclude_defaults else found

    of = "".join(
        f"[{getattr(one, '__module__', '')}.{getattr(one, '__qualname__', one)}]" for one in arguments.values()
    )
    return core_schema.no_info_wrap_validator_function(
        validate,
        inner,
        ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}{of}",
        serialization=core_schema.plain_serializer_function_ser_schema(serialize, info_arg=True),
    )


def _required(cls: type[JsonModel]) -> set[str]:
    return {_name_of(field) for field in _public_fields(cls) if field.default is attrs.NOTHING}


def _is_wanted(name: str, info: "SerializationInfo") -> bool:
    """Return whether *name* is kept by `include` and `exclude`, whose entries for nested models are ignored."""
    include, exclude = cast("tuple[Any, Any]", (info.include, info.exclude))
    if include is not None and name not in include:
        return False
    # In a mapping, only `True` excludes a whole field.
    return exclude is None or name not in exclude or (isinstance(exclude, Mapping) and exclude[name] is not True)


def _without_none(found: dict[str, Any]) -> dict[str, Any]:
    def clean(value: object) -> object:
        if isinstance(value, dict):
            return _without_none(cast("dict[str, Any]", value))
        return [clean(one) for one in cast("list[object]", value)] if isinstance(value, list) else value

    return {name: clean(value) for name, value in found.items() if value is not None}


class _Seconds:
    """A duration, in seconds in JSON."""

    def __get_pydantic_core_schema__(self, source: object, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema

        del source, handler

        def read(value: object, number: Callable[[Any], float]) -> timedelta:
            return value if isinstance(value, timedelta) else timedelta(seconds=number(value))

        return core_schema.no_info_wrap_validator_function(read, core_schema.float_schema(allow_inf_nan=False))


class _Moment:
    """A time: ISO 8601, or TikTok's seconds since 1970; without a zone it is refused."""

    def __get_pydantic_core_schema__(self, source: object, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema

        del source, handler
        return core_schema.datetime_schema(tz_constraint="aware")


class _Id:
    """An id: a `str` here, even if TikTok sends a number."""

    def __get_pydantic_core_schema__(self, source: object, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema

        del source, handler
        return core_schema.str_schema(coerce_numbers_to_str=True)


class _ErrorWords:
    """An error, as its name and its message in JSON."""

    def __get_pydantic_core_schema__(self, source: object, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        del source
        return handler.generate_schema(dict[str, str])


def _pydantic_kind(kind: Any, arguments: Mapping[Any, Any], *, is_id: bool) -> Any:  # noqa: ANN401 - any annotation
    """Return *kind* in the form for pydantic: durations in seconds, ids as text."""
    from pydantic import Field

    origin, inside = get_origin(kind), get_args(kind)
    if isinstance(kind, TypeVar):
        return arguments.get(kind, Any)
    of = tuple(one if one is ... else _pydantic_kind(one, arguments, is_id=is_id) for one in inside)
    if origin in (Union, UnionType):
        words = [one for one in of if one is not NoneType]
        if any(isinstance(one, type) and issubclass(one, Enum) for one in words):
            # The enum first, so that its values are not read as a plain `str`.
            words = [Annotated[Union[tuple(words)], Field(union_mode="left_to_right")]]  # noqa: UP007 - of a tuple
        return Union[tuple(words) + ((None,) if NoneType in of else ())]  # noqa: UP007 - of a tuple
    if origin is not None:
        return origin[of]
    if not isinstance(kind, type):
        return kind
    if issubclass(kind, Exception):
        return Annotated[kind, _ErrorWords()]
    known: dict[Any, Any] = {timedelta: _Seconds(), datetime: _Moment()} | ({str: _Id()} if is_id else {})
    return Annotated[kind, known[kind]] if kind in known else cast("Any", kind)


def _summary(cls: type) -> str:
    return cleandoc(cls.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _attribute_words(cls: type) -> dict[str, str]:
    """Return the description of each field in the docstrings of *cls* and its bases."""
    words: dict[str, str] = {}
    for one in reversed(cls.__mro__):
        _, _, section = cleandoc(one.__doc__ or "").partition("Attributes:\n")
        _, _, arguments = cleandoc(one.__doc__ or "").partition("Args:\n")
        told = (section or arguments).partition("\n\n")[0]
        for name, text in re.findall(r"^    (\w+): (.*(?:\n {8,}.*)*)", told, re.MULTILINE):
            words[name] = " ".join(text.split())
    return words
