"""House rules that no tool knows: waivers with a reason, nothing left for later, no test that sleeps or is skipped."""

import ast
import re
from pathlib import Path

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


def test_nothing_is_left_for_later() -> None:
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
