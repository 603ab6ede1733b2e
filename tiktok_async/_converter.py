"""JSON values to models: one cattrs converter whose structure functions are strict and generated for speed.

What a model looks like is told in `tiktok_async.models._wire_model`. The rules:

- Unknown fields are ignored and stay reachable through `raw`.
- A missing or null field becomes its default; a required one is a `WireTypeError` that names its JSON path and
  never its value. Nothing is converted by force: null never becomes `'None'`, `true` is not 1, `1.5` is not 1.
- An `int` takes a JSON integer, a `float` any number, an id a string or an integer, a `datetime` epoch seconds, a
  `timedelta` seconds, a `StrEnum | str` any word, a `tuple[X, ...]` a list, a `Mapping` an object.

attrs validators and converters of a model are not run: the annotations are the rules.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
from attrs import NOTHING, Attribute
from cattrs import Converter

from tiktok_async._readers import (
    SCALARS,
    Reader,
    WireTypeError,
    list_reader,
    open_enum_reader,
    read_id,
    read_object,
)
from tiktok_async.models._wire_model import WIRE_ID, WIRE_NAME, WireModel

T = TypeVar("T")

__all__ = ["WireTypeError", "structure"]


def structure(data: Any, cls: type[T]) -> T:  # noqa: ANN401 - any JSON value
    """Read *data*, as orjson gives it, as a *cls*.

    Raises:
        WireTypeError: A value is missing or has the wrong type.
    """
    try:
        return _converter.structure(data, cls)
    except WireTypeError as error:
        raise error.inside("$") from None


_converter = Converter()


def _reader(kind: Any, *, is_id: bool = False) -> Reader:  # noqa: ANN401 - any annotation
    """Return the reader of an annotation, which does not take null."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _union_reader([one for one in get_args(kind) if one is not NoneType], is_id=is_id)
    if origin is tuple:
        return list_reader(_reader(get_args(kind)[0], is_id=is_id))
    if (origin or kind) in (dict, Mapping):
        return read_object
    if isinstance(kind, type) and attrs.has(kind):
        return cast("Reader", _converter.get_structure_hook(kind))
    read = read_id if kind is str and is_id else SCALARS.get(kind)
    if read is None:
        raise TypeError(f"the converter knows no rule for {kind!r}; see tiktok_async.models._wire_model")
    return read


def _union_reader(kinds: list[Any], *, is_id: bool) -> Reader:
    enums = [one for one in kinds if isinstance(one, type) and issubclass(one, StrEnum)]
    if len(enums) == 1 and set(kinds) == {enums[0], str}:
        return open_enum_reader(enums[0])
    if len(kinds) == 1:
        return _reader(kinds[0], is_id=is_id)
    raise TypeError(f"the converter knows no rule for a choice of {kinds!r}; see tiktok_async.models._wire_model")


@_converter.register_structure_hook_factory(lambda kind: not attrs.has(kind))
def _plain_hook(kind: Any) -> Any:  # noqa: ANN401 - cattrs' form
    read = _reader(kind)
    return lambda value, _kind: read(value)


def _field_reader(attribute: "Attribute[Any]", kind: Any, key: str) -> Reader:  # noqa: ANN401 - any annotation
    """Return the whole rule of a field: null, its type, and its step in the path."""
    read = _reader(kind, is_id=bool(attribute.metadata.get(WIRE_ID)))
    default = attribute.default
    required = default is NOTHING
    make = cast("Any", default).factory if isinstance(default, attrs.Factory) else None  # type: ignore[arg-type]

    def read_field(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if value is None and not required:
            return default if make is None else make()
        try:
            return read(value)
        except WireTypeError as error:
            raise error.inside("." + key) from None

    return read_field


_seconds = lru_cache(maxsize=4096)(lambda seconds: timedelta(seconds=seconds))

# What is inlined for the common case; everything else goes through the field's reader. The bounds of a time are those
# of `datetime`, the bounds of a duration keep the cache small.
_INLINE = {
    str: "if type({0}) is not str: {0} = read_{0}({0})",
    int: "if type({0}) is not int: {0} = read_{0}({0})",
    bool: "if type({0}) is not bool: {0} = read_{0}({0})",
    datetime: "{0} = time({0}, UTC) if type({0}) is int and 0 <= {0} <= 253402300799 else read_{0}({0})",
    timedelta: "{0} = seconds({0}) if type({0}) is int and 0 <= {0} <= 86400 else read_{0}({0})",
}


@_converter.register_structure_hook_factory(attrs.has)
def _model_hook(cls: type[Any]) -> Any:  # noqa: ANN401 - cattrs' form
    """Write and compile the function that reads a *cls*.

    Frozen attrs constructors cost more than the JSON parser does. The function fills an object of a subclass that may
    be set, which is cheap, and then gives it its real class.
    """
    hints = get_type_hints(cls)
    fields = [one for one in attrs.fields(cls) if one.name != "raw"]
    keys = tuple(one.metadata.get(WIRE_NAME) or one.name for one in fields)
    names = tuple(one.name for one in fields)
    thawed = type(
        cls.__name__,
        (cls,),
        {
            "__slots__": (),
            "__init__": object.__init__,
            "__setattr__": object.__setattr__,
            "__delattr__": object.__delattr__,
        },
    )
    scope: dict[str, Any] = {
        "UTC": UTC,
        "Model": cls,
        "Thawed": thawed,
        "keys": keys,
        "pick": itemgetter(*keys),
        "read_object": read_object,
        "seconds": _seconds,
        "time": datetime.fromtimestamp,
    }
    targets = ", ".join(f"v{index}" for index in range(len(fields)))
    picked = "pick(value)" if len(fields) > 1 else "(pick(value),)"
    lines = [
        "def read(value, _kind=None):",
        "    if type(value) is not dict: read_object(value)",
        "    try:",
        f"        {targets}, = {picked}",
        "    except KeyError:",
        f"        {targets}, = map(value.get, keys)",
    ]
    for index, (attribute, key) in enumerate(zip(fields, keys, strict=True)):
        variable = f"v{index}"
        kind = hints[attribute.name]
        scope[f"read_{variable}"] = _field_reader(attribute, kind, key)
        bare = next((one for one in get_args(kind) if one is not NoneType), kind)
        inline = _INLINE.get(bare if kind in (bare, bare | None) else object, "{0} = read_{0}({0})")
        lines.append("    " + inline.format(variable))
    lines += [
        "    model = Thawed()",
        *(f"    model.{name} = v{index}" for index, name in enumerate(names)),
        *(["    model.raw = value"] if issubclass(cls, WireModel) else []),
        "    model.__class__ = Model",
        "    return model",
    ]
    exec("\n".join(lines), scope)  # noqa: S102 - made of a model's field names, as attrs makes its constructors
    return scope["read"]
