"""Project rules that no tool checks: waivers with a reason, no TODOs, no test that sleeps or is skipped.

And of docstrings: what a function does is said as an order, and what calls TikTok names TikTok's page.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

import tiktok_async
import tiktok_async_stores

_ROOT = Path(__file__).parents[1]
_PACKAGES = [Path(str(package.__file__)).parent for package in (tiktok_async, tiktok_async_stores)]
_TESTS = _ROOT / "tests"

_WAIVER = re.compile(r"# (?:noqa|type: ignore|pyright: ignore)\b.*")
_WITH_REASON = re.compile(
    r"# (?:noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\]|pyright: ignore\[[\w, ]+\])(?: - |  ?# ).{3,}"
)
_LATER = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
_ENDPOINT = re.compile(r"\bEndpoint\.[A-Z]")
_PAGE = "https://developers.tiktok.com/doc/"
_THIRD_PERSON = re.compile(r"(?!Process |Pass )[A-Z][a-z]+(?<!s)s ")  # "Returns", "Yields"
_WAITS = re.compile(r"asyncio\.sleep\([1-9]|(?<!def )\btime\.sleep\(|mark\.(?:skip|xfail)\b")


def _lines(*folders: Path) -> list[tuple[str, str]]:
    return [
        (f"{file.name}:{number}", line)
        for folder in folders
        for file in sorted(folder.rglob("*.py"))
        if file != Path(__file__)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    ]


def test_every_waiver_says_why() -> None:
    everywhere = _lines(*_PACKAGES, *(_ROOT / name for name in ("tests", "benchmarks", "examples")))
    assert [
        place
        for place, line in everywhere
        if (waiver := _WAIVER.search(line)) and not _WITH_REASON.fullmatch(waiver.group())
    ] == []


def test_no_file_contains_a_todo() -> None:
    assert [place for place, line in _lines(*_PACKAGES) if _LATER.search(line)] == []


def test_no_test_sleeps_or_is_skipped() -> None:
    assert [place for place, line in _lines(_TESTS) if _WAITS.search(line)] == []


@pytest.mark.parametrize("package", _PACKAGES, ids=lambda package: package.name)
def test_every_module_says_what_it_is_for(package: Path) -> None:
    assert [
        file.name
        for file in package.rglob("*.py")
        if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ] == []


def _public_functions(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    """Find the public functions and methods of a module, each with the text around it."""
    module = ast.get_docstring(tree) or ""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            reported = module + (ast.get_docstring(node) or "")
            yield from ((method, reported) for method in node.body if _is_public(method))
        elif _is_public(node):
            yield node, module


def _is_public(node: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")


def test_every_call_of_tiktok_names_its_page() -> None:
    """A reader must be able to open TikTok's own page for each call."""
    missing = [
        f"{file.name}: {node.name}"
        for file in sorted((_PACKAGES[0] / "api").glob("*.py"))
        for node, around in _public_functions(ast.parse(file.read_text(encoding="utf-8")))
        if _ENDPOINT.search(ast.unparse(node)) and _PAGE not in around + (ast.get_docstring(node) or "")
    ]
    assert missing == []


def _is_a_noun(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_a_docstring_says_what_a_function_does_in_the_imperative() -> None:
    reported = [
        f"{file.name}: {first}"
        for package in _PACKAGES
        for file in sorted(package.rglob("*.py"))
        for node, _ in _public_functions(ast.parse(file.read_text(encoding="utf-8")))
        if (first := (ast.get_docstring(node) or "").partition("\n")[0])
        and _THIRD_PERSON.match(first)
        and not _is_a_noun(node)
    ]
    assert reported == []
