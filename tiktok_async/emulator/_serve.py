"""The emulator as a program of its own."""

import asyncio
from collections.abc import Callable
from typing import Any

from tiktok_async.emulator._emulator import Emulator


async def serve(*, ready: Callable[[Emulator], None] | None = None, **options: Any) -> None:  # noqa: ANN401 - as Emulator declares them
    """Serve an emulator until cancelled; prints nothing.

    Args:
        ready: Called once it is up: the place to add users and say where it is.
        **options: Keywords of `Emulator`, such as `port`.

    Raises:
        OSError: The port is taken.

    Example:
        >>> def ready(emulator: Emulator) -> None:
        ...     emulator.add_user(videos=12)
        >>> program = serve(port=8900, ready=ready)
        >>> program.close()
    """
    async with Emulator(**options) as emulator:
        if ready is not None:
            ready(emulator)
        await asyncio.Event().wait()
