"""The example applications as real processes, on real ports."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

from tests.conftest import free_port, still_runs
from tiktok_async.emulator import EmulatedUser, Emulator

ROOT = Path(__file__).parents[2]
EXAMPLES = ("web_aiohttp", "web_fastapi")


class Served:
    """One example in a process of its own.

    Args:
        example: Which.
        emulator: Its TikTok.
        store: Its store's URL.
    """

    def __init__(self, example: str, emulator: Emulator, store: str) -> None:
        self.example = example
        self.port = free_port()
        # Host names, not addresses: the browser keeps the cookies of two names apart.
        self.url = f"http://localhost:{self.port}"
        self._environment = {
            **os.environ,
            "TIKTOK_CLIENT_KEY": emulator.client_key,
            "TIKTOK_CLIENT_SECRET": emulator.client_secret,
            "TIKTOK_BASE_URL": emulator.url,
            "TIKTOK_AUTHORIZE_URL": emulator.authorize_url,
            "TIKTOK_TOKEN_STORE": store,
            "TIKTOK_RATE_LIMITER": "none://",
            "REDIRECT_URI": f"{self.url}/tiktok/callback/",
            "COOKIE_KEY": "a key for tests, of no worth",
            "PORT": str(self.port),
        }
        self._process: subprocess.Popen[str] | None = None
        self.start_seconds = 0.0
        emulator.webhook_url = f"http://127.0.0.1:{self.port}/tiktok/webhook"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "tests.web.serve", self.example]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        began = time.monotonic()
        while still_runs(self._process) and time.monotonic() < began + 200:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    self.start_seconds = time.monotonic() - began
                    return
        raise AssertionError(self.stop()[1])

    def stop(self) -> tuple[float, str]:
        """End it as a process manager does; return how many seconds that took, and its output."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            output, _ = self._process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output, _ = self._process.communicate()
        self._process = None
        return time.monotonic() - began, output


async def log_in(http: aiohttp.ClientSession, served: Served, emulator: Emulator, user: EmulatedUser) -> str:
    """Log in as a browser does; return the last URL."""
    async with http.get(f"{served.url}/tiktok/login", allow_redirects=False) as begun:
        location = begun.headers["Location"]
    callback = await emulator.consent(location, user)
    async with http.get(callback, allow_redirects=False) as ended:
        return ended.headers["Location"]


def browser_like() -> aiohttp.ClientSession:
    """Return a client with a cookie jar."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


async def stats(http: aiohttp.ClientSession, served: Served) -> dict[str, Any]:
    """Return the process's counts: tasks, sessions, sockets."""
    async with http.get(f"{served.url}/_stats") as response:
        found: dict[str, Any] = await response.json()
        return found


async def until(happened: Any) -> None:
    """Wait until *happened*, which may be a coroutine function; the test's own timeout ends it otherwise."""
    while True:
        found = happened()
        if await found if asyncio.iscoroutine(found) else found:
            return
        await asyncio.sleep(0.01)
