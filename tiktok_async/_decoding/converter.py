"""JSON values to models: one cattrs converter whose structure functions are strict and generated for speed.

`tiktok_async.models._wire` describes the form of a model. The rules:

- Unknown fields are ignored and stay available through `raw`.
- A missing or null field becomes its default; a required one is a `DecodeError` that names its JSON path and
  never its value. Nothing is converted by force: null never becomes `'None'`, `true` is not 1, `1.5` is not 1.
- A value of the wrong type in an optional field of a `WireModel` becomes the field's default, and a log line names
  its path: one unexpected field never makes a whole listing fail, and `raw` keeps its value. In a class without
  `raw`, and in a required field, it is a `DecodeError`: the values that control a call are never guessed.
- An `int` takes a JSON integer, a `float` any number, an id a string or an integer, a `datetime` epoch seconds, a
  `timedelta` seconds, a `StrEnum | str` any word, a `tuple[X, ...]` a list, a `Mapping` an object. Numbers and
  booleans may stand in a string, as TikTok's Commercial Content examples print `"has_more": "true"`.

The attrs validators and converters of a model are not run; only the annotations count.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, partial
from operator import itemgetter
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
import orjson
from attrs import NOTHING, Attribute

from tiktok_async._decoding.readers import (
    SCALARS,
    DecodeError,
    Reader,
    convert_later,
    list_reader,
    open_enum_reader,
    read_id,
    read_object,
)
from tiktok_async.models._json import WIRE_ID, WIRE_NAME
from tiktok_async.models._wire import WireModel

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

__all__ = ["DecodeError", "structure"]


def structure(data: Any, cls: type[T]) -> T:  # noqa: ANN401 - any JSON value
    """Read *data*, as orjson returns it, as a *cls*.

    Raises:
        DecodeError: A value is missing or has the wrong type.
    """
    try:
        return _converter().structure(data, cls)
    except DecodeError as error:
        raise error.inside("$") from None


def _reader(kind: Any, *, is_id: bool = False) -> Reader:  # noqa: ANN401 - any annotation
    """Return the reader for an annotation; it does not accept null."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _union_reader([one for one in get_args(kind) if one is not NoneType], is_id=is_id)
    if origin is tuple:
        return list_reader(_reader(get_args(kind)[0], is_id=is_id))
    if (origin or kind) in (dict, Mapping):
        return read_object
    if isinstance(kind, type) and attrs.has(kind):
        return cast("Reader", _converter().get_structure_hook(kind))
    read = read_id if kind is str and is_id else SCALARS.get(kind)
    if read is None:
        raise TypeError(f"the converter knows no rule for {kind!r}; see tiktok_async.models._wire")
    return read


def _union_reader(kinds: list[Any], *, is_id: bool) -> Reader:
    enums = [one for one in kinds if isinstance(one, type) and issubclass(one, StrEnum)]
    if len(enums) == 1 and set(kinds) == {enums[0], str}:
        return open_enum_reader(enums[0])
    if len(kinds) == 1:
        return _reader(kinds[0], is_id=is_id)
    raise TypeError(f"the converter knows no rule for a choice of {kinds!r}; see tiktok_async.models._wire")


def _plain_hook(kind: Any) -> Any:  # noqa: ANN401 - cattrs' form
    read = _reader(kind)

    def hook(value: Any, _kind: Any) -> Any:  # noqa: ANN401 - any JSON value
        return read(value)

    return hook


def _field_reader(cls: type[Any], attribute: "Attribute[Any]", kind: Any, key: str) -> Reader:  # noqa: ANN401 - any annotation
    """Return the reader for a field: it handles null, the type, and the field's part of the path."""
    read = _reader(kind, is_id=bool(attribute.metadata.get(WIRE_ID)))
    default = attribute.default
    required = default is NOTHING
    make = cast("Any", default).factory if isinstance(default, attrs.Factory) else None  # type: ignore[arg-type]  # typed as a function
    lenient = issubclass(cls, WireModel) and (default is None or default == () or make is not None)

    def read_field(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if value is None and not required:
            return default if make is None else make()
        try:
            return read(value)
        except DecodeError as error:
            fault = error.inside("." + key)
        if not lenient:
            raise fault
        _report(f"{cls.__name__}{fault}")
        return default if make is None else make()

    return read_field


_log = logging.getLogger("tiktok_async.decoding")
_reported: set[str] = set()
_MOST_REPORTED = 1_000


def _report(problem: str) -> None:
    # The first problem of a kind is a warning, the others are not: a listing may repeat it a million times.
    level = logging.DEBUG if problem in _reported else logging.WARNING
    if len(_reported) < _MOST_REPORTED:
        _reported.add(problem)
    _log.log(level, "a field of TikTok's answer is left out: %s; `raw` keeps it", problem)


# The test for the common case of each type; a value that fails it goes through the field's reader. Times and
# durations stay TikTok's numbers until they are used; the bounds make sure that they can be converted then.
_TESTS: Mapping[Any, str] = {
    str: "{0}.__class__ is str",
    int: "{0}.__class__ is int",
    bool: "{0}.__class__ is bool",
    datetime: "{0}.__class__ is int and 0 <= {0} <= 253402300799",
    timedelta: "{0}.__class__ is int and 0 <= {0} <= 1000000000000",
}
_LATER: Mapping[Any, Reader] = {datetime: partial(datetime.fromtimestamp, tz=UTC), timedelta: partial(timedelta, 0)}


def _model_hook(cls: type[Any]) -> Any:  # noqa: ANN401 - cattrs' form
    """Write and compile the function that reads a *cls*.

    Constructing a frozen attrs object costs more than parsing its JSON. So the function fills an object of a subclass
    whose attributes can be set, which is cheap, and then assigns the real class.
    """
    hints = get_type_hints(cls)
    fields = [one for one in attrs.fields(cls) if one.name != "raw"]
    # The parser uses one string object for each key it knows; a look-up by the same object needs no comparison.
    keys = tuple(orjson.loads(orjson.dumps({one.metadata.get(WIRE_NAME) or one.name: None for one in fields})))
    scope: dict[str, Any] = {
        "Model": cls,
        "Thawed": _thawed(cls),
        "keys": keys,
        "pick": itemgetter(*keys),
        "read_object": read_object,
    }
    tests: list[str] = []
    repairs: list[str] = []
    always: list[str] = []
    stores: list[str] = []
    for index, (attribute, key) in enumerate(zip(fields, keys, strict=True)):
        variable, kind = f"v{index}", _bare(hints[attribute.name])
        scope[f"read_{variable}"] = _field_reader(cls, attribute, hints[attribute.name], key)
        name = convert_later(cls, attribute.name, _LATER[kind]) if kind in _LATER else attribute.name
        stores.append(f"    model.{name} = {variable}")
        read = f"{variable} = read_{variable}({variable})"
        if kind in _TESTS:
            test = _TESTS[kind].format(variable)
            tests.append(test)
            repairs.append(f"        if not ({test}): {read}")
        else:
            always.append(f"    {read}")
    targets = ", ".join(f"v{index}" for index in range(len(fields)))
    lines = [
        "def read(value, _kind=None):",
        "    if value.__class__ is not dict: read_object(value)",
        "    try:",
        f"        {targets}, = {'pick(value)' if len(fields) > 1 else '(pick(value),)'}",
        "    except KeyError:",
        f"        {targets}, = map(value.get, keys)",
        *([f"    if not ({' and '.join(tests)}):", *repairs] if tests else []),
        *always,
        "    model = Thawed()",
        *stores,
        *(["    model.raw = value"] if issubclass(cls, WireModel) else []),
        "    model.__class__ = Model",
        "    return model",
    ]
    exec("\n".join(lines), scope)  # noqa: S102 - made of a model's field names, as attrs makes its constructors
    return scope["read"]


def _bare(kind: Any) -> Any:  # noqa: ANN401 - any annotation
    """Return `X` for `X | None`, and *kind* itself for anything else."""
    kinds = [one for one in get_args(kind) if one is not NoneType] if get_origin(kind) in (Union, UnionType) else []
    return kinds[0] if len(kinds) == 1 else kind


def _thawed(cls: type[Any]) -> type[Any]:
    namespace = {
        "__slots__": (),
        "__init__": object.__init__,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    return type(cls.__name__, (cls,), namespace)


@cache
def _converter() -> "Converter":
    # Imported with the first answer, to keep the import of the library fast.
    from cattrs import Converter

    converter = Converter()
    # This handles every kind except models; the factory registered last handles those.
    converter.register_structure_hook_factory(lambda _kind: True, _plain_hook)
    converter.register_structure_hook_factory(attrs.has, _model_hook)
    return converter
