"""What is public: every `__all__` is sorted, complete and loadable, and the package's top level offers all of it."""

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import tiktok_async
from tiktok_async import errors, models

_SOURCE = Path(tiktok_async.__file__)

# Where public names live; each has an `__all__`.
_PUBLIC = [
    "tiktok_async",
    "tiktok_async.abc",
    "tiktok_async.emulator",
    "tiktok_async.errors",
    "tiktok_async.models",
    "tiktok_async.stores",
    "tiktok_async.testing",
]

# Helpers of the error table and of the limiter, for the library itself.
_NOT_AT_THE_DOOR = {"ErrorRule", "Fixer", "WindowKind"}


def _sorted_by_kind(names: list[str]) -> list[str]:
    """Sort as ruff does: CONSTANTS, Classes, functions."""

    def key(name: str) -> tuple[int, str]:
        return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)

    return sorted(names, key=key)


def _names_that_a_type_checker_sees(module: ModuleType) -> dict[str, str]:
    """Return the names that a type checker sees imported, and a running program does not, each with its home."""
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name: str(statement.module)
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test).startswith("TYPE_CHECKING")
        for statement in node.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


@pytest.mark.parametrize("name", _PUBLIC)
def test_every_public_name_is_listed_once_in_order_and_loads(name: str) -> None:
    module = importlib.import_module(name)
    exported: list[str] = list(module.__all__)
    assert exported == _sorted_by_kind(exported)
    assert len(set(exported)) == len(exported)
    for public in exported:
        assert getattr(module, public) is not None
        assert public in dir(module)


@pytest.mark.parametrize("name", _PUBLIC[1:])
def test_nothing_public_is_forgotten_in_all(name: str) -> None:
    module = importlib.import_module(name)
    here = {
        public
        for public, value in vars(module).items()
        if not public.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and (value.__module__ == name or value.__module__.startswith(f"{name}._"))
    }
    assert here <= set(module.__all__)


def test_running_programs_and_type_checkers_see_the_same_public_names() -> None:
    assert set(tiktok_async.__all__) == set(_names_that_a_type_checker_sees(tiktok_async))


def test_every_name_of_the_front_door_is_public_at_home() -> None:
    for name, home in _names_that_a_type_checker_sees(tiktok_async).items():
        assert name in tiktok_async.__all__
        module = importlib.import_module(home)
        assert name in getattr(module, "__all__", vars(module)), f"{home}.__all__ lacks {name}"


def test_every_error_value_and_event_is_at_the_front_door() -> None:
    wanted = {
        name
        for module in (errors, models)
        for name in module.__all__
        if inspect.isclass(getattr(module, name)) and name not in _NOT_AT_THE_DOOR
    }
    assert wanted <= set(tiktok_async.__all__)


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="'tiktok_async' has no attribute 'nonsense'"):
        tiktok_async.nonsense  # type: ignore[attr-defined]  # noqa: B018 - the lookup is what is tested


def test_the_package_says_that_it_is_typed() -> None:
    assert (_SOURCE.parent / "py.typed").is_file()
