"""The command line against an emulator in a separate process."""

import asyncio
import json
import os
import pty
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from tests.cli.conftest import PROGRAM, Commands, Done
from tiktok_async import AccountKey, Secret, Token
from tiktok_async.stores import SQLiteTokenStore


class Remote(Commands):
    """Runs commands, and talks to the emulator's own API."""

    def __init__(self, folder: Path, emulator: asyncio.subprocess.Process, variables: dict[str, str]) -> None:
        super().__init__(folder, variables)
        self._emulator = emulator
        self._url = variables["TIKTOK_BASE_URL"]
        self._wanted = 0

    @classmethod
    async def begin(cls, folder: Path) -> "Remote":
        """Start the emulator."""
        emulator = await asyncio.create_subprocess_exec(
            *PROGRAM,
            "emulator",
            "--port",
            "0",
            "--users",
            "0",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert emulator.stdout is not None
        lines = [(await emulator.stdout.readline()).decode().strip() for _ in range(4)]
        return cls(folder, emulator, dict(line.split("=", 1) for line in lines))

    async def end(self) -> None:
        """End the emulator."""
        self._emulator.kill()
        await self._emulator.wait()

    async def admin(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the emulator's own API."""
        method = "GET" if body is None else "POST"
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, f"{self._url}/_emulator/{path}", json=body) as reply,
        ):
            assert reply.status == 200, await reply.text()
            return await reply.json()

    async def log_in(self, **user: Any) -> str:
        """Add a creator, put their token into the store, and return their open_id."""
        open_id: str = (await self.admin("users", user))["open_id"]
        reply = await self.admin("tokens", {"open_id": open_id})
        now = datetime.now(UTC)
        store = SQLiteTokenStore(self.folder / "tokens.db")
        token = Token(
            key=AccountKey(self.environment["TIKTOK_CLIENT_KEY"], open_id),
            access_token=Secret(reply["access_token"]),
            refresh_token=Secret(reply["refresh_token"]),
            scopes=reply["scope"].split(","),
            expires_at=now + timedelta(days=1),
            refresh_expires_at=now + timedelta(days=300),
            updated_at=now,
        )
        await store.put(token, expected_version=None)
        await store.aclose()
        return open_id

    async def posts(self) -> list[dict[str, Any]]:
        """Return every post that the emulator accepted."""
        posts: list[dict[str, Any]] = (await self.admin("posts"))["posts"]
        return posts

    async def hold_chunk(self, number: int) -> None:
        """Let the emulator accept *number* chunks, then stop reading within the next one until the test ends."""
        self._wanted = await self._puts() + number
        if number:
            await self.admin("faults", {"endpoint": "upload", "delay": 0, "times": number})
        await self.admin("faults", {"endpoint": "upload", "delay": 600})

    async def until_held(self) -> None:
        """Wait until the emulator has begun to receive that chunk."""
        while await self._puts() <= self._wanted:
            await asyncio.sleep(0.01)

    async def _puts(self) -> int:
        counted: int = (await self.admin(""))["counters"]["requests"].get("upload", 0)
        return counted

    def states(self) -> list[Path]:
        """Return the files of unfinished uploads."""
        return sorted((self.folder / ".local/state/tiktok-async/uploads").glob("*"))

    async def on_a_terminal(self, *arguments: str) -> Done:
        """Run a command whose three streams are a terminal, to its end."""
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *arguments,
            cwd=self.folder,
            env={**self.environment, "TERM": "xterm-256color", "COLUMNS": "120"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = await asyncio.to_thread(_read_all, ours)
        return Done(await process.wait(), shown.decode(), "")


def events_of(out: str) -> list[dict[str, Any]]:
    """Return the JSON documents of *out*."""
    return [json.loads(line) for line in out.splitlines()]


def _read_all(descriptor: int) -> bytes:
    shown = b""
    try:
        while piece := os.read(descriptor, 65536):
            shown += piece
    except OSError:  # Linux raises this when the other end is closed
        pass
    os.close(descriptor)
    return shown
