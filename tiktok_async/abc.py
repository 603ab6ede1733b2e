"""The protocols that a user, a test or another package may implement.

Each method's docstring is its contract: the result for a missing key, the behaviour under concurrency, and the errors
of this library that it raises. `tiktok_async.testing` holds a pytest class for each protocol that checks an
implementation.
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
    "RawResponse",
    "Request",
    "TimerHandle",
    "TokenStore",
    "Transport",
    "UrgentTokenStore",
    "Usage",
]


class CheckpointStore(Protocol):
    """Stores checkpoints. Any number of tasks, processes and machines use the same records concurrently.

    Every method raises `StoreError` (and no error of the underlying library) when the store cannot be reached.
    """

    async def get(self, key: AccountKey) -> "Checkpoint | None":
        """Return the checkpoint of *key*, or `None` if there is none."""
        ...

    async def put(self, checkpoint: "Checkpoint", *, expected_version: int) -> "Checkpoint":
        """Store *checkpoint* under its key, by compare-and-set.

        Args:
            checkpoint: The checkpoint; its own `version` is ignored.
            expected_version: The version that must be stored now; 0 if none may be stored.

        Returns:
            The checkpoint as stored: its `version` is one more than the one it replaced.

        Raises:
            CheckpointConflict: Another version is stored. Nothing was changed.
            StoreError: The store failed; whether it was stored may be unknown.
        """
        ...

    async def add(self, checkpoints: "Sequence[Checkpoint]") -> int:
        """Store those of *checkpoints* whose accounts have none yet, and leave the others unchanged.

        Args:
            checkpoints: At most 1,000, of one app.

        Returns:
            The number of stored checkpoints.
        """
        ...

    async def take_due(
        self, client_key: str, *, before: datetime, until: datetime, limit: int
    ) -> "Sequence[DueAccount]":
        """Return accounts that are due before *before*, the longest overdue first, and make them due again at *until*.

        It reads an index: the cost depends on *limit*, not on the number of accounts. Of several concurrent callers,
        only one gets each account. Versions stay unchanged, so that a worker at work on an account is not disturbed.

        Args:
            client_key: The app.
            before: Accounts that are due earlier than this.
            until: The time at which they are due again if no worker finishes them; not before *before*.
            limit: The most accounts, up to 1,000.

        Returns:
            The accounts; fewer than *limit* means that no more are due.
        """
        ...

    async def delete(self, key: AccountKey) -> bool:
        """Delete the checkpoint of *key*. Returns whether there was one; a second call is harmless."""
        ...

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> "AbstractAsyncContextManager[Lease]":
        """Hold a lease for the sync of *key* inside `async with`, like `TokenStore.lease`.

        It is not the token's lease: during a sync, the account's token can still be refreshed, also by the same worker.

        Args:
            key: The account; it needs no checkpoint.
            ttl: The time until the lease of a holder that died ends.
            wait: The longest wait for another holder; zero tries once.

        Raises:
            LeaseUnavailable: *wait* has passed and another worker still holds it.
            StoreError: The store failed.
        """
        ...

    async def aclose(self) -> None:
        """Close what this store opened; a client passed in stays open. Harmless when repeated."""


class TimerHandle(Protocol):
    """A callback scheduled with `Clock.call_later`."""

    def cancel(self) -> None:
        """Cancel the callback; harmless after it has run."""


class Clock(Protocol):
    """Time, sleep and randomness, so that no test has to wait for any of them."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards, from an arbitrary zero."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for *seconds*; zero and less still let other tasks run."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Run *callback* on the running loop once *seconds* are over."""
        ...

    def random(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
        ...


class Transport(Protocol):
    """Sends one HTTP request, without knowledge of TikTok."""

    async def send(self, request: Request) -> RawResponse:
        """Send *request* and read its answer to the end, without following a redirect.

        Raises:
            TransportError: There was no complete answer; `.sent` says whether the request may have arrived.
            SessionClosed: The transport was closed.
            WrongEventLoop: It belongs to another event loop.
        """
        ...

    async def aclose(self) -> None:
        """Close what this transport opened; a session passed in stays open. Harmless when repeated."""


class Lease(Protocol):
    """The exclusive right to work on an account for some time.

    A lease coordinates workers, but guarantees nothing: a holder that was stopped for longer than its time may not know
    that it ended. The token is protected by the compare-and-set of `TokenStore.put`.
    """

    @property
    def owner(self) -> str:
        """The owner, unique to this acquisition."""
        ...

    @property
    def fence(self) -> int:
        """A number that rises with each acquisition of the same key, so that a newer holder has a larger one."""
        ...

    async def renew(self, ttl: timedelta) -> bool:
        """Hold it for *ttl* from now on.

        Returns:
            Whether it was still held; `False` means that another worker may have taken it, and that this holder must
            stop.
        """
        ...


class TokenStore(Protocol):
    """Stores tokens. Any number of tasks, processes and machines use the same records concurrently.

    Every method raises `StoreError` (and no error of the underlying library) when the store cannot be reached.
    """

    async def get(self, key: AccountKey) -> Token | None:
        """Return the stored token of *key*, or `None` if there is none."""
        ...

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        """Store *token* under its key, by compare-and-set.

        Args:
            token: The token; its own `version` is ignored.
            expected_version: The version that must be stored now; 0 if none may be stored. `None` replaces any, as
                a new login does.

        Returns:
            The token as stored: its `version` is one more than the one it replaced, 1 for a new record.

        Raises:
            TokenConflict: Another version is stored. Nothing was changed.
            StoreError: The store failed; whether the token was stored may be unknown.
        """
        ...

    async def delete(self, key: AccountKey) -> bool:
        """Delete the token of *key*. Returns whether there was one; a second call is harmless."""
        ...

    def keys(self, client_key: str) -> AsyncIterator[AccountKey]:
        """Yield every account of one app, in any order, each once, without loading them all.

        An account that is stored or deleted meanwhile may be yielded or not; all others must be.
        """
        ...

    def expiring(self, client_key: str, before: datetime) -> AsyncIterator[AccountKey]:
        """Yield the active accounts of one app whose access token ends before *before*, soonest first.

        It reads an index page by page: the first key costs the same with ten accounts and with a million.
        Accounts whose `state` is `reauthorization_required` are left out. One whose token is refreshed meanwhile may be
        yielded by its old or its new time, or not at all; the others must be yielded, each once.
        """
        ...

    def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> AbstractAsyncContextManager[Lease]:
        """Hold *key*'s lease inside `async with`; among all users of the store it has at most one holder at a time.

        Args:
            key: The account; it needs no stored token.
            ttl: The time until the lease of a holder that died ends.
            wait: The longest wait for another holder; zero tries once.

        Raises:
            LeaseUnavailable: *wait* has passed and another worker still holds it.
            StoreError: The store failed.

        It is released also when the body is cancelled or fails. Releasing a lease that was lost meanwhile does nothing.
        """
        ...

    async def aclose(self) -> None:
        """Close what this store opened; a client passed in stays open. Harmless when repeated."""


@runtime_checkable
class BulkTokenStore(TokenStore, Protocol):
    """A `TokenStore` that reads and writes many records in one trip; this is optional for a store.

    Work on all accounts of an app uses it if available: `copy_tokens`, and `EncryptedTokenStore.rotate`.
    """

    async def get_many(self, keys: Sequence[AccountKey], /) -> list[Token | None]:
        """Return the stored tokens of *keys* in their order, with `None` for a missing one."""
        ...

    async def put_many(self, puts: Sequence[tuple[Token, int | None]], /) -> list[Token | TokenConflict]:
        """Store each token by compare-and-set with the version beside it, as `put` does; each account once.

        Returns:
            For each, in their order, the token as stored, or its conflict.

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
    """Stores small records of an account that end by themselves, such as the posts that were made with a key.

    This is optional for a token store; functions that need it raise an error if it is missing. Every method raises
    `StoreError` when the store cannot be reached.
    """

    async def get_note(self, key: AccountKey, name: str) -> bytes | None:
        """Return the note *name* of *key*, or `None` if there is none or its time has passed."""
        ...

    async def put_note(self, key: AccountKey, name: str, value: bytes, *, ttl: timedelta, only_if_absent: bool) -> bool:
        """Store *value* as the note *name* of *key* for *ttl*.

        Args:
            key: The account; it needs no stored token.
            name: At most 200 characters.
            value: At most 64 KiB.
            ttl: Its lifetime from now on.
            only_if_absent: Change nothing if the note exists; among all users of the store, one caller wins.

        Returns:
            Whether it was stored; always `True` without *only_if_absent*.
        """
        ...

    async def delete_note(self, key: AccountKey, name: str) -> bool:
        """Delete the note. Returns whether there was one; a second call is harmless."""
        ...


class LimitKey(NamedTuple):
    """The calls that a rate limit counts: those of one endpoint, for one account or for the whole app.

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
        """The seconds of the wait for this permit."""
        ...

    def done(self) -> None:
        """Report the answer, or the end of a call that may have been sent: the slot is free a window later."""

    def cancel(self) -> None:
        """Free the slot: nothing was sent."""


class Usage(NamedTuple):
    """How much of a limit is in use.

    Attributes:
        used: Calls that count now: made, or in flight.
        limit: The most calls.
        resets_at: The time at which the count starts again at zero (UTC); `None` for a sliding window.
    """

    used: int
    limit: int
    resets_at: datetime | None


class RateLimiter(Protocol):
    """Lets calls through in their order so that the server's window is never exceeded."""

    async def acquire(self, key: LimitKey, limit: Limit, *, max_wait: float | None = None) -> Permit:
        """Wait for a slot.

        Args:
            key: The calls that are counted.
            limit: The most calls in a length of time.
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
        """Return how much of *limit* is in use, and when its count starts again at zero."""
        ...

    def block(self, key: LimitKey, limit: Limit, seconds: float) -> None:
        """Let no call through for *seconds*: the server said that its window is full."""

    async def aclose(self) -> None:
        """Close what this limiter opened; permits in use stay valid. Harmless when repeated."""


class ByteSource(Protocol):
    """A video that is neither a file nor in memory, such as an object in a bucket."""

    @property
    def size(self) -> int:
        """The number of bytes."""
        ...

    def read(self, offset: int, length: int) -> Awaitable[bytes]:
        """Return exactly *length* bytes from *offset* on."""
        ...
