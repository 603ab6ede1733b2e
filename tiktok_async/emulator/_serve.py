"""The emulator as a separate program."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tiktok_async.emulator._emulator import Emulator
from tiktok_async.emulator._saved import dump, load

_SAVE_EVERY = 1.0  # seconds


async def serve(
    *,
    ready: Callable[[Emulator], None] | None = None,
    state: str | os.PathLike[str] | None = None,
    **options: Any,  # noqa: ANN401 - as Emulator declares them
) -> None:
    """Serve an emulator until cancelled; prints nothing.

    Args:
        ready: Called once the emulator is running; add users and print its URL here.
        state: A file that stores users and grants, so that logins stay valid after a restart. It is created with
            mode 0600, and written at most once a second and at the end.
        **options: Arguments of `Emulator`, such as `port`.

    Raises:
        OSError: The port is taken, or the file cannot be read or written.
        ValueError: The file was written by another version of the emulator, or for another app.

    Example:
        >>> def ready(emulator: Emulator) -> None:
        ...     emulator.add_user(videos=12)
        >>> program = serve(port=8900, ready=ready)
        >>> program.close()
    """
    async with Emulator(**options) as emulator:
        saved = None if state is None else _StateFile(Path(state), emulator)
        if saved is not None:
            saved.read()
        if ready is not None:
            ready(emulator)
        if saved is None:
            await asyncio.Event().wait()
            return
        try:
            while True:
                saved.write()
                await asyncio.sleep(_SAVE_EVERY)
        finally:
            saved.write()


class _StateFile:
    """Keeps an emulator's state in a file; after a crash the file is the old or the new one, never a part."""

    def __init__(self, path: Path, emulator: Emulator) -> None:
        self._path = path
        self._emulator = emulator
        self._written = b""

    def read(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._written = self._path.read_bytes()
        if self._written:
            load(self._emulator.state, orjson.loads(self._written))

    def write(self) -> None:
        text = orjson.dumps(dump(self._emulator.state))
        if text == self._written:
            return
        aside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
        aside.replace(self._path)
        self._written = text
