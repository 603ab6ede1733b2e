"""The examples in docstrings run, as far as they go without a network."""

import contextlib
import datetime as dt
import doctest
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

import tiktok_async
import tiktok_async_stores
from tiktok_async import stores
from tiktok_async.emulator import Emulator


def examples() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for package in (tiktok_async, tiktok_async_stores):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                module = import_module(found.name)
                yield from (test for test in finder.find(module, globs={}) if test.examples)


EXAMPLES = {test.name: test for test in examples()}


def names_for(test: doctest.DocTest) -> dict[str, Any]:
    """Return the names that an example may use without an import: the library's, its module's, some of Python's."""
    module = next(
        import_module(name)
        for name in (test.name.rsplit(".", count)[0] for count in range(test.name.count(".") + 1))
        if _is_module(name)
    )
    return {
        **{name: getattr(tiktok_async, name) for name in tiktok_async.__all__},
        **{name: getattr(stores, name) for name in stores.__all__},
        **vars(contextlib),
        **vars(dt),
        "Emulator": Emulator,
        "opened": contextlib.nullcontext,
        **vars(module),
    }


def _is_module(name: str) -> bool:
    with contextlib.suppress(ImportError):
        import_module(name)
        return True
    return False


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_example_of_a_docstring_runs(name: str) -> None:
    test = EXAMPLES[name]
    test.globs = names_for(test)
    shown: list[str] = []
    outcome = doctest.DocTestRunner(verbose=False).run(test, out=shown.append)
    assert outcome.failed == 0, "".join(shown)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 40
