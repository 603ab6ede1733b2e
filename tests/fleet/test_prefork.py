"""Processes that are forked after everything was made."""

import asyncio
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async.errors import WrongEventLoop

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@needs_fork
@pytest.mark.redis
def test_workers_forked_from_one_limiter_share_one_window(redis_url: str) -> None:
    script = Path(__file__).with_name("prefork.py")
    settings = {"url": redis_url, "prefix": uuid.uuid4().hex, "workers": 3}
    done = subprocess.run(
        [sys.executable, str(script), json.dumps(settings)], capture_output=True, text=True, timeout=60, check=True
    )
    taken = [int(line) for line in done.stdout.split()]
    assert (len(taken), sum(taken)) == (3, 6)


_CHILD = """
import asyncio, os, sys
from tiktok_async import TikTokSession
from tiktok_async.errors import TikTokError

session = TikTokSession(client_key="key", client_secret="secret")
asyncio.run(session.__aenter__())
if os.fork() == 0:
    for use in (session.account("user").token, session.aclose):
        try:
            asyncio.run(use())
        except TikTokError as error:
            os.write(1, f"{type(error).__name__}: {error}\\n".encode())
    os._exit(0)
os.wait()
"""


@needs_fork
def test_a_used_session_raises_an_error_in_a_forked_child() -> None:
    done = subprocess.run([sys.executable, "-c", _CHILD], capture_output=True, text=True, timeout=60, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("WrongEventLoop") and "forked" in line for line in lines), lines


def test_a_lifecycle_that_is_used_on_a_second_event_loop_raises_an_error() -> None:
    lifecycle = Lifecycle()

    async def use() -> None:
        lifecycle.check()

    asyncio.run(use())
    with pytest.raises(WrongEventLoop, match="another event loop"):
        asyncio.run(use())
