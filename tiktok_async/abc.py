"""The seams: protocols that a user, a test or another package may fill with code of its own.

Each method's docstring is the contract: what a missing key means, what happens under concurrency, which of our
errors it raises. `tiktok_async.testing` holds a pytest class for each protocol that proves an implementation.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Limit, Token
from tiktok_async.models._http import RawResponse, Request

if TYPE_CHECKING:
    from tiktok_async.models import Checkpoint, DueAccount

__all__ = [
    "BulkTokenStore",
    "ByteSource",
    "CheckpointStore",
    "Clock",
    "Lease",
    "LimitKey",
    "NoteStore",
    "Permit",
    "RateLimiter",
    "TimerHandle",
    "TokenStore",
    "Transport",
    "UrgentTokenStore",
    "Usage",
]


class CheckpointStore(Protocol):
    """Where checkpoints live. Any number of tasks, processes and machines use the same records at once.

    Every method raises `StoreError` (and nothing of the library underneath) when the store cannot be reached.
    """

    async def get(self, key: AccountKey) -> "Checkpoint | None":
        """Return the checkpoint of *key*, or `None` if there is none."""
        ...

    async def put(self, checkpoint: "Checkpoint", *, expected_version: int) -> "Checkpoint":
        """Store *checkpoint* under its key, by compare-and-set.

        Args:
            checkpoint: What to store; its own `version` is ignored.
            expected_version: The version that must be stored now; 0 for none at all.

        Returns:
            The checkpoint as stored: its `version` is one more than the one it replaced.

        Raises:
            CheckpointConflict: Another version is stored. Nothing was changed.
            StoreError: The store failed; whether it was stored may be unknown.
        """
        ...

    async def add(self, checkpoints: "Sequence[Checkpoint]") -> int:
        """Store those of *checkpoints* whose accounts have none yet, and leave the others as they are.

        Args:
            checkpoints: At most 1,000, of one app.

        Returns:
            How many were stored.
        """
        ...

    async def take_due(
        self, client_key: str, *, before: datetime, until: datetime, limit: int
    ) -> "Sequence[DueAccount]":
        """Hand out accounts that are due before *before*, longest overdue first, and make them due again at *until*.

        It reads an index: the cost depends on *limit* and not on how many accounts there are. Of several callers at
        once, each account goes to one. Versions stay as they are, so that a worker in the middle of an account is
        not disturbed.

        Args:
            client_key: The app.
            before: Accounts that are due earlier than this.
            until: When they are due again if nobody finishes them; not before *before*.
            limit: How many at most, up to 1,000.

        Returns:
            The accounts; fewer than *limit* means that no more are due.
        """
        ...

    async def delete(self, key: AccountKey) -> bool:
        """Forget the checkpoint of *key*. Returns whether there was one; a second call is harmless."""
        ...

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> "AbstractAsyncContextManager[Lease]":
        """Hold the right to sync *key* inside `async with`, as `TokenStore.lease` does.

        It is another lease than the token's: an account that is being synced can still have its token refreshed,
        by the same worker too.

        Args:
            key: The account; it needs no checkpoint.
            ttl: How long the lease outlives a holder that died.
            wait: How long to wait for another holder; zero tries once.

        Raises:
            LeaseUnavailable: *wait* is over and another worker still holds it.
            StoreError: The store failed.
        """
        ...

    async def aclose(self) -> None:
        """Close what this store opened; a client passed in stays open. Harmless when repeated."""


class TimerHandle(Protocol):
    """A callback that was put off with `Clock.call_later`."""

    def cancel(self) -> None:
        """Forget the callback; harmless when it has run."""


class Clock(Protocol):
    """Time, sleep and randomness, so that no test has to wait for any of them."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards; their zero means nothing."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for *seconds*; zero and less still give other tasks a turn."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Run *callback* on the running loop once *seconds* are over."""
        ...

    def random(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
        ...


class Transport(Protocol):
    """Sends one HTTP request; knows nothing of TikTok."""

    async def send(self, request: Request) -> RawResponse:
        """Send *request* and read its answer to the end, without following a redirect.

        Raises:
            TransportError: No complete answer came; `.sent` says whether the request may have arrived.
            SessionClosed: The transport was closed.
            WrongEventLoop: It belongs to another event loop.
        """
        ...

    async def aclose(self) -> None:
        """Close what this transport opened; a session passed in stays open. Harmless when repeated."""


class Lease(Protocol):
    """The right to be the one who works on an account for a while.

    A lease is a courtesy between workers and not a proof: a holder that was stopped for longer than its time
    may still believe in it. What protects the token is `TokenStore.put`'s compare-and-set.
    """

    @property
    def owner(self) -> str:
        """Who holds it: unique to this acquisition."""
        ...

    @property
    def fence(self) -> int:
        """Rises with every acquisition of the same key, so that an older holder can be told from a newer one."""
        ...

    async def renew(self, ttl: timedelta) -> bool:
        """Hold it for *ttl* from now on.

        Returns:
            Whether it was still ours; `False` means that somebody else may have taken it, and that this holder
            has to stop.
        """
        ...


class TokenStore(Protocol):
    """Where tokens live. Any number of tasks, processes and machines use the same records at once.

    Every method raises `StoreError` (and nothing of the library underneath) when the store cannot be reached.
    """

    async def get(self, key: AccountKey) -> Token | None:
        """Return the stored token of *key*, or `None` if there is none."""
        ...

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token* under its key, by compare-and-set.

        Args:
            token: What to store; its own `version` is ignored.
            expected_version: The version that must be stored now: 0 for none at all. `None` stores whatever is
                there, as a new login does.

        Returns:
            The token as stored: its `version` is one more than the one it replaced, 1 for a new record.

        Raises:
            TokenConflict: Another version is stored. Nothing was changed.
            StoreError: The store failed; whether the token was stored may be unknown.
        """
        ...

    async def delete(self, key: AccountKey) -> bool:
        """Forget the token of *key*. Returns whether there was one; a second call is harmless."""
        ...

    def keys(self, client_key: str) -> AsyncIterator[AccountKey]:
        """Yield every account of one app, in any order, each once, without loading them all.

        An account that is stored or deleted meanwhile may or may not be seen; the others must be.
        """
        ...

    def expiring(self, client_key: str, before: datetime) -> AsyncIterator[AccountKey]:
        """Yield the active accounts of one app whose access token ends before *before*, soonest first.

        It reads an index and pages through it: the first key costs the same among ten accounts and a million.
        Accounts whose `state` is `reauthorization_required` are left out. One whose token is renewed meanwhile
        may be seen with its old or its new time, or not at all; the others must be seen, each once.
        """
        ...

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> AbstractAsyncContextManager[Lease]:
        """Hold *key*'s lease inside `async with`; at most one holder at a time among all who share the store.

        Args:
            key: The account; it needs no stored token.
            ttl: How long the lease outlives a holder that died.
            wait: How long to wait for another holder; zero tries once.

        Raises:
            LeaseUnavailable: *wait* is over and another worker still holds it.
            StoreError: The store failed.

        A body that is cancelled or fails lets go. Letting go of a lease that was lost meanwhile does nothing.
        """
        ...

    async def aclose(self) -> None:
        """Close what this store opened; a client passed in stays open. Harmless when repeated."""


@runtime_checkable
class BulkTokenStore(TokenStore, Protocol):
    """A `TokenStore` that reads and writes many records in one trip, which a store may do or leave.

    What works on all accounts of an app asks for it: `copy_tokens`, and `EncryptedTokenStore.rotate`.
    """

    async def get_many(self, keys: Sequence[AccountKey], /) -> list[Token | None]:
        """Return the stored tokens of *keys*, in their order, with `None` for each that has none."""
        ...

    async def put_many(self, puts: Sequence[tuple[Token, int | None]], /) -> list[Token | TokenConflict]:
        """Store each token by compare-and-set with the version beside it, as `put` does; each account once.

        Returns:
            For each, in their order, the token as stored, or the conflict that kept it from being so.

        Raises:
            StoreError: The store failed; which of them were stored may be unknown.
        """
        ...


@runtime_checkable
class UrgentTokenStore(TokenStore, Protocol):
    """A `TokenStore` that can put one token before all other work, which a store may do or leave.

    A token that TikTok has just given is nowhere else: a process that is killed before it is stored loses the account's
    login. The session asks for this after each refresh and each login, and for `put` where a store does not have it.
    """

    async def put_urgent(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token* as `put` does, without waiting for anything that this store was asked for before.

        Raises:
            TokenConflict: Another version is stored.
            StoreError: The store failed; whether the token was stored may be unknown.
        """
        ...


@runtime_checkable
class NoteStore(Protocol):
    """Small records beside an account's token that end by themselves: what was published under which key.

    A token store may offer it; what needs it says so where it is missing. Every method raises `StoreError` when
    the store cannot be reached.
    """

    async def get_note(self, key: AccountKey, name: str) -> bytes | None:
        """Return the note *name* of *key*, or `None` if there is none or its time is over."""
        ...

    async def put_note(self, key: AccountKey, name: str, value: bytes, *, ttl: timedelta, only_if_absent: bool) -> bool:
        """Keep *value* as the note *name* of *key* for *ttl*.

        Args:
            key: The account; it needs no stored token.
            name: At most 200 characters.
            value: At most 64 KiB.
            ttl: How long it lives from now on.
            only_if_absent: Change nothing where a note stands; among all who share the store, one caller wins.

        Returns:
            Whether it was stored; always so without *only_if_absent*.
        """
        ...

    async def delete_note(self, key: AccountKey, name: str) -> bool:
        """Forget the note. Returns whether there was one; a second call is harmless."""
        ...


class LimitKey(NamedTuple):
    """What a rate limit counts: one endpoint, for one account or for the app as a whole.

    Attributes:
        client_key: The app.
        endpoint: The endpoint's path.
        subject: The account's open_id, or `""` for calls made with the app's own token.
    """

    client_key: str
    endpoint: str
    subject: str


class Permit(Protocol):
    """A slot of a window, from the moment the call may be sent."""

    @property
    def waited(self) -> float:
        """Seconds this permit was waited for."""
        ...

    def done(self) -> None:
        """Stamp the slot: the answer came, or the call was given up after it may have been sent."""

    def cancel(self) -> None:
        """Give the slot back: nothing was sent."""


class Usage(NamedTuple):
    """How much of a limit is in use.

    Attributes:
        used: Calls that count now: made, or in flight.
        limit: How many may.
        resets_at: When the count starts anew (UTC); `None` for a window that slides.
    """

    used: int
    limit: int
    resets_at: datetime | None


class RateLimiter(Protocol):
    """Lets calls through so that the server's window never overflows; first come, first served."""

    async def acquire(self, key: LimitKey, limit: Limit, *, max_wait: float | None = None) -> Permit:
        """Wait for a slot.

        Args:
            key: What is counted.
            limit: How many calls in how long.
            max_wait: The longest wait in seconds; `None` waits as long as it takes.

        Returns:
            A permit, on which `done` or `cancel` must be called exactly once.

        Raises:
            RateLimitWaitExceeded: The wait would be longer than *max_wait*; no slot was taken.
        """
        ...

    async def remaining(self, key: LimitKey, limit: Limit) -> int:
        """Return how many calls could be made right now without waiting."""
        ...

    async def usage(self, key: LimitKey, limit: Limit) -> Usage:
        """Return how much of *limit* is in use, and when its count starts anew."""
        ...

    def block(self, key: LimitKey, limit: Limit, seconds: float) -> None:
        """Let nobody through for *seconds*: the server said its window is full all the same."""

    async def aclose(self) -> None:
        """Close what this limiter opened, failing nobody's permit. Harmless when repeated."""


class ByteSource(Protocol):
    """A video that is neither a file nor in memory, such as an object in a bucket."""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def read(self, offset: int, length: int) -> Awaitable[bytes]:
        """Return exactly *length* bytes from *offset* on."""
        ...
