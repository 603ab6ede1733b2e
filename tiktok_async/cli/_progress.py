"""The progress of an upload: a bar on a terminal, lines elsewhere, or JSON events."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from tiktok_async.cli._output import note, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_async.api.posting.publish import Publish
    from tiktok_async.models import UploadProgress

_MB = 1_000_000
_FRAME = 0.1  # seconds


class Shown(Protocol):
    """Shows the progress of a post."""

    def uploading(self, publish: "Publish") -> AbstractAsyncContextManager[None]:
        """Show inside the block that the bytes of *publish* are being sent."""
        ...

    def chunk(self, publish_id: str, progress: "UploadProgress") -> None:
        """Show that TikTok has acknowledged a chunk."""
        ...

    def waiting(self) -> AbstractContextManager[object]:
        """Show inside the block that TikTok is processing the post."""
        ...

    def event(self, name: str, **fields: object) -> None:
        """Show an event; a `text` among *fields* is for people."""
        ...


def shown(*, json: bool) -> Shown:
    """Return the display: events on standard output with *json*, else a bar or lines on standard error."""
    if json:
        return Events()
    return Bar(Console(stderr=True)) if sys.stderr.isatty() else Lines()


@define
class _Pace:
    """Measures the upload speed since the first call of `look`."""

    started: float | None = None
    first: int = 0

    def look(self, sent: int) -> float | None:
        """Return bytes per second; `None` until it can be measured."""
        now = asyncio.get_running_loop().time()
        if self.started is None:
            self.started, self.first = now, sent
        seconds = now - self.started
        return (sent - self.first) / seconds if seconds > 0 and sent > self.first else None


@define
class Events:
    """Writes each event at once, as a JSON document on a line of standard output."""

    _pace: _Pace = field(factory=_Pace, init=False)

    @asynccontextmanager
    async def uploading(self, publish: "Publish") -> AsyncGenerator[None]:
        """Begin to measure."""
        self._pace.look(publish.moved)
        yield

    def chunk(self, publish_id: str, progress: "UploadProgress") -> None:
        """Write an `uploaded` event."""
        speed = self._pace.look(progress.sent)
        self.event(
            "uploaded",
            publish_id=publish_id,
            chunk=progress.chunk,
            chunks=progress.chunks,
            sent=progress.sent,
            total=progress.total,
            bytes_per_second=None if speed is None else round(speed),
            seconds_left=None if speed is None else round((progress.total - progress.sent) / speed, 1),
        )

    def waiting(self) -> AbstractContextManager[object]:
        """Show nothing: each new state is an event."""
        return nullcontext()

    def event(self, name: str, **fields: object) -> None:
        """Write the event."""
        fields.pop("text", None)
        document: dict[str, Any] = {"event": name, **fields}
        write_json(document)
        sys.stdout.flush()


@define
class Lines:
    """Writes a plain line to standard error for each chunk and for each other event."""

    _pace: _Pace = field(factory=_Pace, init=False)

    @asynccontextmanager
    async def uploading(self, publish: "Publish") -> AsyncGenerator[None]:
        """Begin to measure."""
        self._pace.look(publish.moved)
        yield

    def chunk(self, publish_id: str, progress: "UploadProgress") -> None:
        """Write the bytes sent, the speed and the time left."""
        del publish_id
        sent, total = progress.sent, progress.total
        line = f"{sent / _MB:.1f} of {total / _MB:.1f} MB ({100 * sent // total} %)"
        speed = self._pace.look(sent)
        if speed is not None:
            line += f", {speed / _MB:.1f} MB/s, {(total - sent) / speed:.0f} s left"
        note(line)

    def waiting(self) -> AbstractContextManager[object]:
        """Show nothing: each new state is a line."""
        return nullcontext()

    def event(self, name: str, **fields: object) -> None:
        """Write the event's text, if it has one."""
        del name
        if "text" in fields:
            note(str(fields["text"]))


@define
class Bar(Lines):
    """A bar with speed and time left, which also moves within a chunk."""

    _console: Console

    @asynccontextmanager
    async def uploading(self, publish: "Publish") -> AsyncGenerator[None]:
        """Draw the bar ten times a second."""
        columns = (
            TextColumn("upload"),
            BarColumn(),
            TaskProgressColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        total = None if publish.plan is None else publish.plan.size
        # This event loop draws it, not a thread of rich.
        with Progress(*columns, console=self._console, auto_refresh=False) as bar:
            task = bar.add_task("upload", total=total, completed=publish.moved)

            def draw() -> None:
                bar.update(task, completed=publish.moved, refresh=True)

            drawing = asyncio.ensure_future(_again(draw))
            try:
                yield
            finally:
                drawing.cancel()
                await asyncio.wait([drawing])
                draw()

    def chunk(self, publish_id: str, progress: "UploadProgress") -> None:
        """Do nothing: the bar already shows it."""

    def waiting(self) -> AbstractContextManager[object]:
        """Show that TikTok is processing the post."""
        return self._console.status("TikTok is processing the post")


async def _again(draw: "Callable[[], None]") -> None:
    while True:
        draw()
        await asyncio.sleep(_FRAME)
