"""The clocks by which leases and notes in a SQLite file end."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from tiktok_async.abc import Clock
from tiktok_async_stores.codec.tokens import to_microseconds

__all__ = ["Now", "boot_of", "read_clocks"]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TEN_MINUTES = 600 * 1_000_000


class Now(NamedTuple):
    """The present time in microseconds.

    Attributes:
        wall: By the wall clock, which may be set.
        steady: By the monotonic clock, which all processes of a machine share since its start.
    """

    wall: int
    steady: int


def read_clocks(clock: Clock) -> Now:
    """Read both clocks. Call this inside the transaction.

    A time read before the transaction would be older than a lease or a note that was stored during the wait for it.
    What was stored then would look as if it were from before the machine's last start.
    """
    return Now(to_microseconds(clock.now()), int(clock.monotonic() * 1_000_000))


def boot_of(now: Now) -> str:
    """Return a name for the machine's last start. It has another name after the next start.

    Linux tells one. On other systems it is the time of the start by the present wall clock, so it changes also when
    that clock is set, or after a suspension.
    """
    return _boot_id() or str((now.wall - now.steady) // _TEN_MINUTES)


@cache
def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
