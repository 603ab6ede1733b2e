"""The command line as a person uses it: a separate process, in a pipe or on a terminal."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from tiktok_async.api.account import Account
from tiktok_async.emulator import EmulatedUser, Emulator

if TYPE_CHECKING:
    from tests.cli.remote import Remote

PROGRAM = [sys.executable, "-m", "tiktok_async"]


@frozen
class Done:
    """The result of a run."""

    code: int
    out: str
    err: str


class Commands:
    """Runs commands in their own directory, against the TikTok and the app that *variables* name."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.store = f"sqlite:///{folder}/tokens.db"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TIKTOK_TOKEN_STORE": self.store,
            "BROWSER": "true",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "PYTHONWARNINGS": "error",
            **variables,
        }

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        """Start a command with pipes to it."""
        return await asyncio.create_subprocess_exec(
            *PROGRAM,
            *arguments,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, typed: str = "", **environment: str) -> Done:
        """Run a command to its end."""
        process = await self.start(*arguments, **environment)
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), 100)
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    def environment_without(self, *names: str) -> None:
        """Unset variables for the runs that follow."""
        for name in names:
            self.environment.pop(name, None)


class Shell(Commands):
    """Runs commands against an emulator in this process."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        super().__init__(
            folder,
            {
                "TIKTOK_CLIENT_KEY": emulator.client_key,
                "TIKTOK_CLIENT_SECRET": emulator.client_secret,
                "TIKTOK_BASE_URL": emulator.url,
                "TIKTOK_AUTHORIZE_URL": emulator.authorize_url,
            },
        )

    async def log_in(self, user: EmulatedUser) -> Account:
        """Put a logged-in account into the store, as `login` does."""
        async with self.emulator.session(store=self.store) as session:
            return await self.emulator.connect(session, user)


@pytest.fixture
def shell(emulator: Emulator, tmp_path: Path) -> Shell:
    return Shell(emulator, tmp_path)


@pytest.fixture
def secrets_of(emulator: Emulator) -> Callable[[str], list[str]]:
    """Return which secrets a text shows."""

    def found(text: str) -> list[str]:
        marks = [emulator.client_secret, "act.", "rft.", "?code=", "&code=", "code_verifier="]
        return [mark for mark in marks if mark in text.replace(f"{mark}***", "")]

    return found


@pytest.fixture
async def remote(tmp_path: Path) -> "AsyncIterator[Remote]":
    """The command line against an emulator in a separate process."""
    from tests.cli.remote import Remote

    running = await Remote.begin(tmp_path)
    yield running
    await running.end()
