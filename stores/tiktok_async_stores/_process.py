"""The process of a store or a limiter: a forked child has none of its threads, tasks and connections."""

import os
import uuid

from tiktok_async.errors import StoreError


class _Process:
    """Counts the forks before this process, which is faster than asking the system for the process id."""

    forks = 0


def _count() -> None:
    _Process.forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count)


class Owner:
    """Remembers the process that first used an object.

    Args:
        what: The name of the object, for the message.
    """

    __slots__ = ("_forks", "_what")

    def __init__(self, what: str) -> None:
        self._what = what
        self._forks: int | None = None

    def check(self) -> None:
        """Record the process at the first use; refuse a child that was forked after that.

        Raises:
            StoreError: Another process used it before this one was forked.
        """
        if self._forks != _Process.forks:
            if self._forks is not None:
                raise StoreError(
                    f"{self._what} was used before this process was forked, and its connections belong to the "
                    "parent. Make it after the fork, in the server's start-up hook, or use it only after the fork."
                )
            self._forks = _Process.forks

    @property
    def left_behind(self) -> bool:
        """Whether another process used it, so that this one has nothing to close."""
        return self._forks is not None and self._forks != _Process.forks


class WorkerName:
    """The unique name of a worker, made at the first use, and made again in a forked child.

    Workers with the same name would count as one.
    """

    __slots__ = ("_forks", "_name")

    def __init__(self) -> None:
        self._forks: int | None = None
        self._name = ""

    def __str__(self) -> str:
        if self._forks != _Process.forks:
            self._forks, self._name = _Process.forks, uuid.uuid4().hex
        return self._name
