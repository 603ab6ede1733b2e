"""The README is correct: its commands are what CI runs, and its Python runs here against the emulator."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tiktok_async.emulator import Emulator

_ROOT = Path(__file__).parents[1]
_TEXT = (_ROOT / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", _TEXT, re.MULTILINE | re.DOTALL)


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {language for language, _ in _BLOCKS} == {"sh", "python"}


def test_ci_runs_every_command_word_for_word() -> None:
    done = subprocess.run(["bash", str(_ROOT / ".ci/run"), "commands"], capture_output=True, text=True, check=True)
    assert done.stdout == "".join(text for language, text in _BLOCKS if language == "sh")


def test_the_first_two_commands_need_nothing_but_a_clone() -> None:
    demo, tests = [text for language, text in _BLOCKS if language == "sh"][:2]
    assert demo.count("\n") == tests.count("\n") == 1, "one line, to be pasted unchanged"
    assert demo.startswith("python3 -m venv .venv && ")
    assert demo.rstrip().endswith("tiktok-async demo")
    assert tests.startswith("bash .ci/services && python3 -m venv .venv && ")
    assert "pytest" in tests


def test_links_to_files_name_existing_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", _TEXT):
        assert target.startswith("https://") or (_ROOT / target).exists(), target


async def test_the_twelve_lines_list_a_creators_videos(tmp_path: Path) -> None:
    (code,) = [text for language, text in _BLOCKS if language == "python" and "from_env" in text]
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    async with Emulator() as emulator:
        user = emulator.add_user(videos=12)
        async with emulator.session(store=f"sqlite:///{tmp_path}/tokens.db") as session:
            account = await emulator.connect(session, user)
            newest = [video.id async for video in account.videos(limit=10)]
            name = (await account.user_info()).display_name
        environment = {
            "TIKTOK_CLIENT_KEY": emulator.client_key,
            "TIKTOK_CLIENT_SECRET": emulator.client_secret,
            "TIKTOK_BASE_URL": str(emulator.url),
            "TIKTOK_AUTHORIZE_URL": str(emulator.authorize_url),
        }
        done = await _run(code, tmp_path, environment)
    assert done.returncode == 0, done.stderr
    assert name is not None
    assert done.stdout.splitlines()[0] == name
    assert [line.split(" ")[0] for line in done.stdout.splitlines()[1:]] == newest
    assert not done.stderr


async def _run(code: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    import asyncio

    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.parametrize("word", ["TODO", "coming soon", "lorem"])
def test_the_readme_promises_nothing_for_later(word: str) -> None:
    assert word.lower() not in _TEXT.lower()
