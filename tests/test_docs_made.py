"""Generated documentation is up to date, and everything that the documentation names in the code exists."""

import ast
import contextlib
import importlib
import importlib.util
import io
import pkgutil
import re
import sys
import tomllib
from functools import cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cyclopts import App

import tiktok_async
from tests.test_docs import DOCS, PAGES, ROOT
from tiktok_async import emulator, testing
from tiktok_async.cli import commands
from tiktok_async.cli._main import run
from tiktok_async.models import Endpoint

if TYPE_CHECKING:
    from types import ModuleType

_METHODS = tomllib.loads((DOCS / "_ext" / "methods.toml").read_text(encoding="utf-8"))
_CURES = tomllib.loads((DOCS / "errors" / "cures.toml").read_text(encoding="utf-8"))
_REFERENCE = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md"))


@cache
def made(name: str) -> "ModuleType":
    """Load the generator of the pages; it is beside them and in no package."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        spec = importlib.util.spec_from_file_location(name, DOCS / name)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(DOCS / "_ext"))
    return module


def test_generated_pages_are_fresh() -> None:
    pages: dict[Path, str] = made("generate.py").pages()
    stale = [path.name for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    assert not stale, "run `python docs/generate.py`"


def test_no_page_describes_an_error_that_does_not_exist() -> None:
    pages = {path.name for path in made("generate.py").pages()}
    assert {path.name for path in (DOCS / "errors").glob("*.md")} <= pages


def test_every_error_has_a_cause_and_a_cure() -> None:
    assert set(_CURES) == {cls.__name__ for cls in made("_ext/made_errors.py").error_classes()}
    assert all(set(cure) == {"cause", "cure"} for cure in _CURES.values())


def test_the_coverage_table_names_every_endpoint() -> None:
    assert set(_METHODS) == {endpoint.name for endpoint in Endpoint}


@pytest.mark.parametrize("endpoint", list(_METHODS))
def test_a_method_of_the_coverage_table_is_there_and_its_test_calls_it(endpoint: str) -> None:
    owner, *rest = _METHODS[endpoint]["method"].split(".")
    if rest[0] == "ads":
        found: Any = importlib.import_module("tiktok_async.api.research.ads").Ads
        rest = rest[1:]
    else:
        found = getattr(tiktok_async, owner)
    assert callable(reduce(getattr, rest, found))
    path = ROOT / _METHODS[endpoint]["test"]
    assert re.search(rf"\b{rest[-1]}\(", path.read_text(encoding="utf-8")), f"{path.name} does not call {rest[-1]}"


def documented(module: str, name: str) -> bool:
    return re.search(rf"^\.\. auto\w+:: {re.escape(module)}\.{name}$", _REFERENCE, re.MULTILINE) is not None


def test_every_public_name_is_in_the_reference() -> None:
    public = {
        "tiktok_async": tiktok_async.__all__,
        "tiktok_async.agents": importlib.import_module("tiktok_async.agents").__all__,
        "tiktok_async.stores": importlib.import_module("tiktok_async.stores").__all__,
        "tiktok_async.emulator": emulator.__all__,
        "tiktok_async.testing": testing.__all__,
        "tiktok_async.telemetry": importlib.import_module("tiktok_async.telemetry").__all__,
    }
    assert [f"{home}.{name}" for home, names in public.items() for name in names if not documented(home, name)] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_name_existing_pages(page: str) -> None:
    path = DOCS / page
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_no_page_makes_promises(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8").lower()
    assert not [word for word in ("todo", "fixme", "coming soon", "lorem") if re.search(rf"\b{word}\b", text)]


def test_the_page_on_the_command_line_names_every_command() -> None:
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    names = [module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)]
    assert [name for name in names if not name.startswith("-") and f"tiktok-async {name}" not in page] == []


def test_every_option_that_a_page_types_is_there() -> None:
    typed = {
        (command, option)
        for page in PAGES
        for command, line in re.findall(r"tiktok-async ([a-z-]+)([^`\n]*)", (DOCS / page).read_text(encoding="utf-8"))
        for option in re.findall(r"(?<!\S)--[a-z-]+", line)
    }
    for command, option in sorted(typed):
        shown = help_of(command)
        assert option in shown, f"tiktok-async {command} has no {option}"


@cache
def help_of(command: str) -> str:
    found = importlib.import_module(f"{commands.__name__}.{command.replace('-', '_')}").command
    parts = [name for name in found if not name.startswith("-")] if isinstance(found, App) else []
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        run([command, "--help"])
        for part in parts:
            run([command, part, "--help"])
    return shown.getvalue()


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def _defined(path: str) -> set[str]:
    tree = ast.parse((Path(tiktok_async.__file__).parent / path).read_text(encoding="utf-8"))
    return {
        name
        for node in tree.body
        if isinstance(node, (ast.ClassDef, *_FUNCTION))
        for name in (
            node.name,
            *(
                f"{node.name}.{part.name}"
                for part in ast.walk(node)
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            ),
        )
    }


def test_the_walks_through_the_code_name_files_and_functions_that_are_there() -> None:
    text = (DOCS / "design.md").read_text(encoding="utf-8")
    steps = re.findall(r"`([\w/]+\.py)`\s+`([\w.]+)`", text)
    assert len(steps) >= 15
    assert [f"{path} {name}" for path, name in steps if name not in _defined(path)] == []


def test_contributing_sends_changes_to_files_that_are_there() -> None:
    rows = re.findall(r"^\| .*\|$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`((?:_|api|cli|emulator|errors)[\w/]*(?:\.py|/))`", row)}
    assert len(named) >= 10
    assert [name for name in sorted(named) if not (Path(tiktok_async.__file__).parent / name).exists()] == []


def test_folders_that_import_each_other_in_a_circle_are_drawn_with_their_arrows() -> None:
    made("generate.py")
    direct = sys.modules["made_map"]._direct

    circle = {("a", "b"), ("b", "c"), ("c", "a"), ("top", "a"), ("top", "b")}
    assert direct(circle) == circle
    assert direct({("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}
