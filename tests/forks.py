"""Work in a forked child, whose parent had an event loop running."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

from tiktok_async.errors import StoreError


def in_child(work: Callable[[], str], *, user: int | None = None) -> str:
    """Return the result of *work* in a forked child, which may run as another user."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        output = "the child failed"
        try:
            if user is not None and os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            output = work()
        except BaseException as error:  # noqa: BLE001 - the parent shows any error
            output = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, output.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        output = pipe.read().decode()
    os.waitpid(child, 0)
    return output


def outcome(work: Callable[[], Coroutine[Any, Any, object]]) -> str:
    """Return the result of *work*, or its error, within a deadline."""

    async def run() -> str:
        try:
            return repr(await asyncio.wait_for(work(), 20))
        except StoreError as error:
            return f"StoreError: {error}"

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(run())


def in_new_loop(work: Callable[[], Coroutine[Any, Any, object]]) -> str:
    asyncio._set_running_loop(None)  # the fork happened on a running loop
    return outcome(work)
