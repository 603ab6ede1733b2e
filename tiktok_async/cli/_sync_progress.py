"""The progress of a sync: a changing line on a terminal, and nothing in a pipe."""

import sys
from types import TracebackType
from typing import Self

from attrs import define, field
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from tiktok_async.cli._logs import log_event
from tiktok_async.models import Event, RateLimitWaited
from tiktok_async.sync import SyncResult


@define
class SyncProgress:
    """Counts what a sync did, and shows it on standard error while it goes on.

    Attributes:
        accounts: Accounts that were synced.
        videos: Videos that are new or changed.
        gone: Videos that are no longer listed.
        waits: How often a call waited for the rate limit.
        failures: Accounts that failed.
    """

    accounts: int = 0
    videos: int = 0
    gone: int = 0
    waits: int = 0
    failures: int = 0
    _bar: Progress = field(init=False)
    _task: TaskID = field(init=False)

    def __attrs_post_init__(self) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def observe(self, event: Event) -> None:
        """Count an event of the session."""
        log_event(event)
        if isinstance(event, RateLimitWaited):
            self.waits += 1
            self._show()

    def add(self, result: SyncResult) -> None:
        """Count an account's result."""
        self.accounts += result.error is None
        self.failures += result.error is not None
        self.videos += len(result.videos)
        self.gone += len(result.gone)
        self._show()

    def record(self) -> dict[str, int]:
        """Return the counts by name."""
        return {
            "accounts": self.accounts,
            "videos": self.videos,
            "gone": self.gone,
            "waits": self.waits,
            "failures": self.failures,
        }

    def _show(self) -> None:
        text = ", ".join(f"{count:,} {name}" for name, count in self.record().items())
        self._bar.update(self._task, description=text)
