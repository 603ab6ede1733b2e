"""The process that a store or a limiter belongs to: a forked child has none of its threads, tasks and connections."""

import os
import uuid

from tiktok_async.errors import StoreError


class _Process:
    """Counts the forks on the way to this process; asking the system for its number takes longer."""

    forks = 0


def _count() -> None:
    _Process.forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count)


class Owner:
    """Remembers which process used something first.

    Args:
        what: What it is, for the message.
    """

    __slots__ = ("_forks", "_what")

    def __init__(self, what: str) -> None:
        self._what = what
        self._forks: int | None = None

    def check(self) -> None:
        """Take possession at the first use; refuse a child that was forked after it.

        Raises:
            StoreError: Another process used it before this one was forked.
        """
        if self._forks != _Process.forks:
            if self._forks is not None:
                raise StoreError(
                    f"{self._what} was used before this process was forked, and its connections stayed behind. Make "
                    "it after the fork, in the server's start-up hook, or make it before and use it only afterwards."
                )
            self._forks = _Process.forks

    @property
    def left_behind(self) -> bool:
        """Whether another process used it, so that there is nothing here to close."""
        return self._forks is not None and self._forks != _Process.forks


class WorkerName:
    """Names a worker among all who share something; made at the first use, and anew in a forked child.

    Workers of one name would count as one worker.
    """

    __slots__ = ("_forks", "_name")

    def __init__(self) -> None:
        self._forks: int | None = None
        self._name = ""

    def __str__(self) -> str:
        if self._forks != _Process.forks:
            self._forks, self._name = _Process.forks, uuid.uuid4().hex
        return self._name
