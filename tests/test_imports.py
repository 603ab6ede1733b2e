"""What an import costs: nothing that is not used is loaded."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import tiktok_async
import tiktok_async_stores

_PACKAGE = Path(tiktok_async.__file__).parent
_OPTIONAL = {
    *("cryptography", "cyclopts", "hypothesis", "opentelemetry", "platformdirs", "pytest", "redis", "rich", "segno"),
    *("fastapi", "litestar", "mcp", "mcp_types", "starlette"),
}
_WAITING = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
_RULES = sorted(
    [
        *(file for file in _PACKAGE.rglob("*.py") if "rules" in (file.stem, file.parent.name)),
        *(_PACKAGE / "_decoding").glob("*.py"),
        *(_PACKAGE / "query").glob("*.py"),
        _PACKAGE / "webhooks.py",
    ]
)


def _loaded_by(code: str) -> set[str]:
    """Return the top-level modules and our own modules that are loaded after *code* ran in a fresh interpreter."""
    script = f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True, timeout=100)
    modules = done.stdout.split()
    return {module.partition(".")[0] for module in modules} | {m for m in modules if m.startswith("tiktok_async")}


def test_importing_the_package_loads_nothing_else() -> None:
    loaded = _loaded_by("import tiktok_async")
    assert not loaded & (_OPTIONAL | {"aiohttp", "aiosqlite", "attrs", "asyncio", "tiktok_async_stores"})
    assert {m for m in loaded if m.startswith("tiktok_async.")} == {"tiktok_async._lazy", "tiktok_async._old_pickles"}


@pytest.mark.parametrize("name", ["Token", "TikTokError"])
def test_importing_one_name_loads_no_loop_no_network_and_no_database(name: str) -> None:
    loaded = _loaded_by(f"import tiktok_async; tiktok_async.{name}")
    assert not loaded & (_OPTIONAL | {"aiohttp", "aiosqlite", "asyncio", "tiktok_async_stores"})


def test_importing_an_enum_loads_no_emulator_and_no_command_line() -> None:
    loaded = _loaded_by("from tiktok_async import Endpoint; Endpoint.VIDEO_LIST.path")
    assert not {
        m for m in loaded if m.startswith(("tiktok_async.emulator", "tiktok_async.cli", "tiktok_async.testing"))
    }


# Modules that a session does not need before they are used.
_AREAS = ("api.account", "api.oauth", "api.portability", "api.posting", "api.research", "api.webhook_receiver")
_MODELS = ("_display", "_events", "_portability", "_posting", "_research", "_sync", "_webhooks")
_REST = ("query", "webhooks", "media", "stores", "_limits", "_calls.events", "_tokens.events", "_headers")


def _ours(*names: str) -> set[str]:
    return {f"tiktok_async.{name}" for name in names}


def test_the_session_brings_no_area_and_no_model_that_is_not_used_yet() -> None:
    loaded = _loaded_by("from tiktok_async import TikTokSession")
    assert not loaded & _ours(*_AREAS, *_REST, *(f"models.{name}" for name in _MODELS))
    assert not loaded & {"tiktok_async_stores", "csv", "difflib", "importlib.metadata", "tenacity", "zipfile"}


def test_listing_videos_loads_no_posting_no_research_and_no_webhooks() -> None:
    loaded = _loaded_by(
        """
import asyncio
from tiktok_async import TikTokSession
async def main():
    async with TikTokSession(client_key="key", client_secret="secret") as session:
        session.account("user").videos()
asyncio.run(main())
"""
    )
    kept_away = [area for area in _AREAS if area not in {"api.account", "api.oauth"}]
    assert not loaded & _ours(*kept_away, "api.oauth.oauth", "query", "webhooks", "media", "_headers")
    assert not loaded & _ours("models._events", "models._posting", "models._research", "models._webhooks")
    assert not loaded & {"aiosqlite", "csv", "difflib", "tenacity", "zipfile"}


@pytest.mark.parametrize(
    ("used", "area"),
    [
        ("session.oauth", "api.oauth.oauth"),
        ("session.research", "api.research.research"),
        ("session.webhooks", "api.webhook_receiver"),
        ("session.account('user').portability", "api.portability.portability"),
    ],
)
def test_an_area_is_imported_at_its_first_use(used: str, area: str) -> None:
    loaded = _loaded_by(
        f"from tiktok_async import TikTokSession; session = TikTokSession(client_key='k', client_secret='s'); {used}"
    )
    assert f"tiktok_async.{area}" in loaded


def test_the_first_page_of_help_needs_no_parser_and_no_loop() -> None:
    loaded = _loaded_by("import sys; sys.argv = ['tiktok-async', '--help']; from tiktok_async.cli import main; main()")
    assert not loaded & (_OPTIONAL | {"aiohttp", "aiosqlite", "asyncio", "attrs", "tiktok_async_stores"})


@pytest.mark.parametrize("command", ["videos", "accounts", "store_key"])
def test_a_command_loads_nothing_of_the_others(command: str) -> None:
    loaded = _loaded_by(f"import tiktok_async.cli.commands.{command}")
    assert not loaded & _ours("emulator", "agents", "media", "sync", "query", "api.posting", "api.research")
    assert not loaded & {"aiosqlite", "av", "redis", "psycopg", "mcp"}


def test_dir_lists_a_public_name_without_loading_it() -> None:
    loaded = _loaded_by("import tiktok_async; assert 'Token' in dir(tiktok_async)")
    assert "attrs" not in loaded


@pytest.mark.parametrize("rule", _RULES, ids=lambda file: str(file.relative_to(_PACKAGE)))
def test_rules_never_await_and_never_read_the_clock(rule: Path) -> None:
    """The import contracts keep the loop out of them; this test finds what needs no import."""
    tree = ast.parse(rule.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(node, _WAITING), f"{rule.name}:{node.lineno} waits"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"now", "utcnow", "today"}, f"{rule.name}:{node.lineno} reads the clock"


def _modules() -> dict[str, Path]:
    """Return every module of both packages by its full name."""
    roots = [Path(str(package.__file__)).parent for package in (tiktok_async, tiktok_async_stores)]
    return {
        ".".join(file.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__"): file
        for root in roots
        for file in root.rglob("*.py")
    }


def _imported(file: Path, modules: dict[str, Path]) -> Iterator[str]:
    """Yield our modules that *file* imports anywhere: in a function and for types only, too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in modules else str(node.module) for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)


def test_no_modules_import_each_other_in_a_circle_not_even_for_types() -> None:
    modules = _modules()
    graph = {name: set(_imported(file, modules)) - {name} for name, file in modules.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_grants_and_the_record_of_agents_need_no_protocol() -> None:
    loaded = _loaded_by("from tiktok_async.agents import AgentDesk, AgentGrant, approval_page, asgi_app, serve_stdio")
    assert not loaded & {"mcp", "mcp_types", "pydantic", "starlette", "uvicorn"}
