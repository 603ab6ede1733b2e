"""SIGTERM ends a command as Ctrl-C does, so that the command can clean up."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any


async def until_terminated(work: Coroutine[Any, Any, Any]) -> None:
    """Await *work*; SIGTERM cancels it."""
    task = asyncio.current_task()
    # Windows has no such signal to handle.
    if sys.platform != "win32" and task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work
