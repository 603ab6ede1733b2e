"""The documentation is correct: its Python and its commands run against the emulator."""

import ast
import asyncio
import inspect
import os
import re
import shlex
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example
from sybil.parsers.myst import CodeBlockParser

from tiktok_async.emulator import Emulator

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if "_build" not in path.parts)
BIN = Path(sys.executable).parent

QUICKSTART = "quickstart.md"
# Blocks of these kinds are run, or checked by Sphinx; the others are only shown and cannot be run.
RUN = {"python", "sh", "{toctree}", "{eval-rst}", "{include}"}
# What a page installs beside this library, for a server or a test client.
OTHERS = {"httpx2", "uvicorn"}
SHOWN = {"text", "toml", "yaml", "json"}


def _keep(_: Example) -> None:
    """Return a block unchanged; it is run here, where there is an event loop."""


def blocks(page: str) -> list[Example]:
    """Return a page's blocks of Python and of commands, in their order; hidden ones in comments too."""
    parsers = [CodeBlockParser(language, _keep) for language in ("python", "sh")]
    return list(Document.parse(str(DOCS / page), *parsers).examples())


def language_of(example: Example) -> str:
    return str(example.region.lexemes["arguments"])


async def run_python(example: Example, page: str, names: dict[str, Any]) -> None:
    """Run a block as a part of one asynchronous function; its names are there for the next one."""
    source = "\n" * example.line + str(example.parsed)
    code = compile(source, str(DOCS / page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if "asyncio.run(" in str(example.parsed) or "Runner(" in str(example.parsed):
        # A separate program, which must not find the emulator's event loop in its thread.
        await asyncio.to_thread(exec, code, names)
        return
    outcome = eval(code, names)
    if inspect.iscoroutine(outcome):
        await outcome


async def run_commands(text: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a block of commands as a person would, and return what they printed."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", text),
        cwd=folder,
        env={**os.environ, **environment, "PATH": path, "HOME": str(folder), "COLUMNS": "200"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await shell.communicate()
    assert shell.returncode == 0, f"{text}\n{output.decode()}"
    return output.decode()


def environment_of(emulator: Emulator, folder: Path) -> dict[str, str]:
    return {
        "TIKTOK_CLIENT_KEY": emulator.client_key,
        "TIKTOK_CLIENT_SECRET": emulator.client_secret,
        "TIKTOK_BASE_URL": emulator.url,
        "TIKTOK_AUTHORIZE_URL": emulator.authorize_url,
        "TIKTOK_TOKEN_STORE": f"sqlite:///{folder}/tokens.db",
    }


@pytest.fixture
async def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Any]]:
    """The objects that the pages assume: an emulator, a user, a session, an account, and a folder with a video."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(bytes(range(256)) * 48_000)
    async with Emulator() as emulator:
        for name, value in environment_of(emulator, tmp_path).items():
            monkeypatch.setenv(name, value)
        user = emulator.add_user(videos=25)
        async with emulator.session(store=os.environ["TIKTOK_TOKEN_STORE"]) as session:
            account = await emulator.connect(session, user)
            yield {"__name__": "page", "emulator": emulator, "user": user, "session": session, "account": account}


@pytest.fixture(autouse=True)
def no_settings_of_another_page() -> Iterator[None]:
    """Each page sets up Django as a process of its own would; Django takes settings once a process."""
    yield
    if "django.conf" in sys.modules:
        from django import conf  # type: ignore[import-untyped]  # Django has no types
        from django.urls import clear_url_caches  # type: ignore[import-untyped]  # Django has no types

        conf.settings._wrapped = conf.empty
        clear_url_caches()


@pytest.mark.parametrize("page", [page for page in PAGES if page != QUICKSTART and blocks(page)])
async def test_what_a_page_shows_runs(page: str, names: dict[str, Any], tmp_path: Path) -> None:
    for example in blocks(page):
        if language_of(example) == "python":
            await run_python(example, page, names)
        else:
            commands = [line for line in lines_of(str(example.parsed)) if not installs(line)]
            await run_commands("\n".join(commands), tmp_path, {})


def lines_of(text: str) -> list[str]:
    return text.replace("\\\n", " ").splitlines()


def installs(line: str) -> bool:
    """Return whether *line* installs this library, with existing extras."""
    if not line.startswith("pip install"):
        return False
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for wish in shlex.split(line)[2:]:
        if wish in OTHERS:
            continue
        match = re.fullmatch(r"(?:(?:\./)?tiktok-async|\.)(?:\[([\w,]+)\])?|-U|-e", wish)
        assert match, f"{wish!r} is not ours to install"
        assert all(extra in extras for extra in (match[1] or "").split(",") if extra), wish
    return True


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_run_or_cannot_be(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    kinds = set(re.findall(r"^\s*```(\S*).*\n(?:.*\n)*?\s*```$", text, re.MULTILINE))
    assert kinds <= RUN | SHOWN, kinds - RUN - SHOWN
    assert "skip:" not in text, "Sybil would leave the next block out"
