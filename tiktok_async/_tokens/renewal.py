"""Getting a token for waiting calls: from the store, from another process, or by a rotation."""

import logging
import math
from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, final

from attrs import frozen

from tiktok_async._concurrency.backoff import backoff
from tiktok_async._concurrency.tasks import OwnedTasks, SharedResult
from tiktok_async._tokens.rotation import Rotation, RotationSettings
from tiktok_async._tokens.rules import token_lifetime, went_back
from tiktok_async.abc import Clock
from tiktok_async.errors import (
    AccountNotFound,
    LeaseUnavailable,
    ReauthorizationRequired,
    SessionClosed,
    StoreError,
    TikTokError,
    TokenNotSaved,
)
from tiktok_async.models import AccountKey, Secret, Token, TokenState

if TYPE_CHECKING:
    from tiktok_async._tokens.events import TokenEvents
    from tiktok_async.models import Event

_NEVER = -math.inf


class Purpose(Enum):
    """The purpose of a renewal, which decides whether a stored token is enough."""

    CALL = auto()
    """A call waits for any usable token."""
    BACKGROUND = auto()
    """No call waits; the token is stale, and a fresh one is needed."""
    REJECTED = auto()
    """A call got a 401 and waits for another token than the refused one."""
    FORCED = auto()
    """A user asked for a refresh: only a token that TikTok gives now is enough."""
    SWEEP = auto()
    """A sweep found the token due: one is needed that ends after a given time, or was given since."""


@final
class Renewal:
    """The work to get one account a token. Any number of callers wait for it, and none of them owns it.

    Args:
        purpose: Its purpose.
        refused: The access token that TikTok refused, for `Purpose.REJECTED`.
        until: A token that ends later is enough, for `Purpose.SWEEP`.
        since: A token that TikTok gave later than this is enough, too, for `Purpose.SWEEP`.

    Attributes:
        purpose: Its purpose.
        refused: The access token that TikTok refused.
        until: A token that ends later is enough.
        since: A token that TikTok gave later than this is enough, too.
        known: The token, as soon as this process may use it.
        saved: The token, once it is stored.
        rotation: The rotation, once it has begun.
        began: The time at which it began, by the monotonic clock.
        rotated: Whether TikTok gave a new token.
    """

    __slots__ = ("began", "known", "purpose", "refused", "rotated", "rotation", "saved", "since", "until")

    def __init__(
        self,
        purpose: Purpose,
        *,
        refused: Secret | None = None,
        until: datetime | None = None,
        since: datetime | None = None,
    ) -> None:
        self.purpose = purpose
        self.refused = refused
        self.until = until
        self.since = since
        self.known: SharedResult[Token] = SharedResult()
        self.saved: SharedResult[Token] = SharedResult()
        self.rotation: Rotation | None = None
        self.began = 0.0
        self.rotated = False

    @property
    def exposed(self) -> bool:
        """Whether a token may be lost if this is cancelled now."""
        # After the rotation, the waiting callers must still get the token while its lease is released.
        return self.rotation is not None and (self.rotation.exposed or self.rotation.rotated)

    @property
    def forced(self) -> bool:
        """Whether it asks TikTok even shortly after a failure."""
        return self.purpose is Purpose.FORCED

    async def finished(self) -> None:
        """Wait until the token is stored or the renewal has failed.

        Raises:
            TokenNotSaved: TikTok gave a new token, and the store fails to save it.
            ReauthorizationRequired: The grant has ended, which may not be stored yet.
        """
        try:
            await self.saved.wait()
        except (TokenNotSaved, ReauthorizationRequired):
            raise
        except TikTokError:
            return

    def succeed(self, token: Token) -> None:
        """Set both results."""
        self.known.set(token)
        self.saved.set(token)

    def fail(self, error: BaseException) -> None:
        """Set both results to *error*, unless they are done."""
        self.known.fail(error)
        self.saved.fail(error)


@final
class AccountEntry:
    """The cached token of one account, with its deadlines by the monotonic clock.

    The wall clock is read once, when the token is received. It may be set later, which must not make a token seem
    fresh or expired.

    Attributes:
        key: The account.
        token: The token used last, which may have expired.
        newest: The newest pair so far, also after the account was lost: the store may have been restored from a backup.
        fresh_until: Until then it needs no refresh.
        usable_until: Until then it may be used.
        place: Where the cache has it.
        renewal: The running renewal.
        failures: The number of refreshes that failed in a row.
        error: The error of the last one.
        retry_at: TikTok is not asked before this time.
        read_store_at: The store is not read before this time; calls get *error*.
        suspect: An access token that was given after a 401 for the one before.
        suspect_until: Until then a refusal of *suspect* shows that a refresh does not help.
    """

    __slots__ = (
        "error",
        "failures",
        "fresh_until",
        "key",
        "newest",
        "place",
        "read_store_at",
        "renewal",
        "retry_at",
        "suspect",
        "suspect_until",
        "token",
        "usable_until",
    )

    def __init__(self, key: AccountKey) -> None:
        self.key = key
        self.token: Token | None = None
        self.newest: Token | None = None
        self.fresh_until = _NEVER
        self.usable_until = _NEVER
        self.place = 0
        self.renewal: Renewal | None = None
        self.failures = 0
        self.error: TikTokError | None = None
        self.retry_at = _NEVER
        self.read_store_at = _NEVER
        self.suspect: Secret | None = None
        self.suspect_until = _NEVER

    def adopt(self, token: Token, *, fresh_until: float, usable_until: float) -> None:
        """Use *token* from now on."""
        self.token = self.newest = token
        self.fresh_until = fresh_until
        self.usable_until = usable_until

    def recover(self) -> None:
        """Reset the failures."""
        self.failures = 0
        self.error = None
        self.retry_at = self.read_store_at = _NEVER

    def drop(self) -> None:
        """Stop using the token."""
        self.token = None
        self.fresh_until = self.usable_until = _NEVER


_log = logging.getLogger("tiktok_async.tokens")

_STORE_PATIENCE = 15.0  # seconds that an account in use waits for a store that is down
_READ_STORE_EVERY = 2.0  # seconds between two reads of the store for the result of another process
_PAUSE_BASE, _PAUSE_CAP = 2.0, 60.0  # seconds between two refreshes that fail
_SUSPECT_SECONDS = 60.0  # a token that is refused within this time of its refresh is not refreshed again


class Renewals:
    """Starts renewals and sets their results.

    Args:
        settings: The settings of rotations.
        tasks: Runs the renewals.
        forget: Called with the open_id of an account that is not stored any more.
        margin: How long before its end a token is stale.
        emit: Gets the events.

    Attributes:
        unsaved: Rotated tokens that are not stored yet, by open_id.
    """

    def __init__(
        self,
        settings: RotationSettings,
        tasks: OwnedTasks,
        forget: Callable[[str], object],
        *,
        margin: timedelta | None,
        emit: "Callable[[Event], None] | None",
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._forget = forget
        self._clock = settings.clock
        self._margin = margin
        self._events = None if emit is None else _token_events(self._clock, emit)
        self.unsaved: dict[str, TokenNotSaved] = {}

    def start(self, entry: AccountEntry, renewal: Renewal) -> Renewal:
        """Begin *renewal* for *entry*, which has none now, and return it."""

        def ended() -> None:
            if entry.renewal is renewal:
                entry.renewal = None
            renewal.fail(SessionClosed("this refresh"))

        self._tasks.run(self._run(entry, renewal), ended=ended, exposed=lambda: renewal.exposed)
        entry.renewal = renewal
        return renewal

    def adopt(self, entry: AccountEntry, token: Token) -> None:
        """Use *token* from now on."""
        fresh_until, usable_until = self._deadlines(entry, token)
        entry.adopt(token, fresh_until=fresh_until, usable_until=usable_until)

    def accepts(self, entry: AccountEntry, renewal: Renewal, stored: Token) -> bool:
        """Say whether *stored* is enough for the purpose of *renewal*."""
        if renewal.purpose is Purpose.FORCED:
            return False
        if renewal.until is not None and renewal.since is not None:
            return stored.expires_at > renewal.until or stored.updated_at > renewal.since
        now = self._clock.monotonic()
        fresh_until, usable_until = self._deadlines(entry, stored)
        if renewal.purpose is Purpose.BACKGROUND:
            return now < fresh_until
        return now < usable_until and stored.access_token != renewal.refused

    async def _run(self, entry: AccountEntry, renewal: Renewal) -> None:
        try:
            token = await self._obtain(entry, renewal)
        except Exception as error:  # noqa: BLE001 - a bug in a user's store must raise in the callers, not block them
            entry.renewal = None
            if isinstance(error, TikTokError):
                self._failed(entry, renewal, error)
            renewal.fail(error)
        else:
            entry.renewal = None
            self._succeeded(entry, renewal, token)
            renewal.succeed(token)

    async def _obtain(self, entry: AccountEntry, renewal: Renewal) -> Token:
        """Get the token; for an account in use, wait some seconds for a store that is down."""
        end = self._clock.monotonic() + (_STORE_PATIENCE if entry.token is not None else 0.0)
        failures = 0
        while True:
            try:
                return await self._attempt(entry, renewal)
            except LeaseUnavailable:
                raise
            except StoreError:
                if self._clock.monotonic() >= end:
                    raise
            failures += 1
            await self._clock.sleep(backoff(failures, base=0.1, cap=1.0, jitter=self._clock.random()))

    async def _attempt(self, entry: AccountEntry, renewal: Renewal) -> Token:
        if renewal.rotation is None:
            stored = await self._settings.store.get(entry.key)
            if stored is None:
                raise AccountNotFound(entry.key.open_id, entry.key.client_key)
            behind = went_back(entry.newest, stored)
            if stored.state is not TokenState.ACTIVE and not behind:
                raise ReauthorizationRequired(entry.key.open_id, stored.reason or "revoked")
            if not behind and self.accepts(entry, renewal, stored):
                return stored
            if entry.error is not None and self._clock.monotonic() < entry.retry_at and not renewal.forced:
                raise copy(entry.error)
            renewal.began = self._clock.monotonic()
            renewal.rotation = Rotation(self._settings, entry.key, _Listener(self, entry, renewal))
        return await renewal.rotation.run(patient=renewal.purpose is not Purpose.SWEEP)

    def _succeeded(self, entry: AccountEntry, renewal: Renewal, token: Token) -> None:
        self.adopt(entry, token)
        entry.recover()
        if renewal.rotation is None or not renewal.rotation.rotated:
            return
        if renewal.purpose is Purpose.REJECTED:
            entry.suspect = token.access_token
            # After its fresh time, a refusal means that the token has expired.
            entry.suspect_until = min(self._clock.monotonic() + _SUSPECT_SECONDS, entry.fresh_until)
        if self._events is not None:
            background = renewal.purpose in (Purpose.BACKGROUND, Purpose.SWEEP)
            self._events.refreshed(token, began=renewal.began, background=background)

    def _failed(self, entry: AccountEntry, renewal: Renewal, error: TikTokError) -> None:
        now = self._clock.monotonic()
        rotation = renewal.rotation
        if isinstance(error, AccountNotFound):
            entry.drop()
            self._forget(entry.key.open_id)
            self.unsaved.pop(entry.key.open_id, None)
        elif isinstance(error, ReauthorizationRequired):
            self.refuse_calls(entry, error)
            if rotation is not None and rotation.found_ended and self._events is not None:
                self._events.lost(entry.key.open_id, error)
        elif rotation is None and not isinstance(error, StoreError):
            entry.read_store_at = now + _READ_STORE_EVERY
        elif not isinstance(error, LeaseUnavailable):
            entry.failures += 1
            cap = _PAUSE_BASE if isinstance(error, StoreError) else _PAUSE_CAP
            wait = backoff(entry.failures, base=_PAUSE_BASE, cap=cap, jitter=self._clock.random())
            entry.error = error
            entry.retry_at = now + wait
            entry.read_store_at = now + min(wait, _READ_STORE_EVERY)
            if self._events is not None:
                self._events.failed(entry.key.open_id, error)

    def refuse_calls(self, entry: AccountEntry, error: ReauthorizationRequired) -> None:
        """Refuse the account's calls from now on, and read the store again every few seconds."""
        entry.drop()
        entry.recover()
        entry.error = error
        entry.read_store_at = self._clock.monotonic() + _READ_STORE_EVERY

    def report_unsaved(self, entry: AccountEntry, error: TokenNotSaved) -> None:
        """Log and emit that a rotated token is in this process only."""
        _log.error("The rotated token of account %s is not stored yet; the attempts go on", error.open_id)
        if self._events is not None:
            self._events.failed(entry.key.open_id, error, unsaved=True)

    def _deadlines(self, entry: AccountEntry, token: Token) -> tuple[float, float]:
        known = entry.token
        if known is not None and known.access_token == token.access_token and known.expires_at == token.expires_at:
            # The wall clock was read when it was received, and may have been set since.
            return entry.fresh_until, entry.usable_until
        now = self._clock.monotonic()
        left = token_lifetime(token, self._clock.now(), self._margin)
        return now + left.fresh, now + left.usable


def _token_events(clock: Clock, emit: "Callable[[Event], None]") -> "TokenEvents":
    # Without an observer, not even the classes of events are made.
    from tiktok_async._tokens.events import TokenEvents

    return TokenEvents(clock, emit)


@frozen
class _Listener:
    """Applies the results of a rotation at once, while it is still running."""

    renewals: Renewals
    entry: AccountEntry
    renewal: Renewal

    def accepts(self, stored: Token) -> bool:
        return self.renewals.accepts(self.entry, self.renewal, stored)

    @property
    def newest(self) -> Token | None:
        return self.entry.newest

    def on_rotated(self, token: Token) -> None:
        """Give the token to the waiting calls before it is stored."""
        self.renewals.unsaved[token.key.open_id] = TokenNotSaved(token)
        known = self.entry.token
        if known is None or known.version < token.version:
            self.renewals.adopt(self.entry, token)
        self.renewal.rotated = True
        self.renewal.known.set(token)

    def on_saved(self, token: Token) -> None:
        self.renewals.unsaved.pop(token.key.open_id, None)

    def on_save_failing(self, error: TokenNotSaved) -> None:
        self.renewals.report_unsaved(self.entry, error)
        self.renewal.saved.fail(error)

    def on_refused(self, error: ReauthorizationRequired) -> None:
        self.renewals.refuse_calls(self.entry, error)
        self.renewal.fail(error)
