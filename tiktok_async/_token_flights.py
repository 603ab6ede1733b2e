"""Getting a token for those who wait: from the store, from another process, or by a rotation."""

import logging
from collections.abc import Callable
from copy import copy
from datetime import timedelta

from attrs import frozen

from tiktok_async._account_tokens import AccountEntry, Flight, Want, Wish
from tiktok_async._owned_tasks import OwnedTasks
from tiktok_async._refresh import Rotation, Rotator
from tiktok_async._refresh_rules import pause, token_lifetime
from tiktok_async.errors import (
    AccountNotFound,
    LeaseUnavailable,
    ReauthorizationRequired,
    SessionClosed,
    StoreError,
    TikTokError,
    TokenNotSaved,
)
from tiktok_async.models import Event, ReauthorizationNeeded, Token, TokenRefreshed, TokenRefreshFailed, TokenState

_log = logging.getLogger("tiktok_async.tokens")

_STORE_PATIENCE = 15.0  # seconds that an account in use waits for a store that is down
_LOOK = 2.0  # seconds between two looks into the store for what another process did
_PAUSE_BASE, _PAUSE_CAP = 2.0, 60.0  # seconds between two refreshes that fail
_SUSPICION = 60.0  # seconds in which the refusal of a token just renewed is believed


class Flights:
    """Starts flights and settles them.

    Args:
        rotator: What rotations need.
        tasks: Runs them.
        entries: The accounts of this process, by open_id.
        margin: How long before its end a token is stale.
        emit: Gets the events.

    Attributes:
        unsaved: Rotated tokens that the store has not taken so far, by open_id.
    """

    def __init__(
        self,
        rotator: Rotator,
        tasks: OwnedTasks,
        entries: dict[str, AccountEntry],
        *,
        margin: timedelta | None,
        emit: Callable[[Event], None] | None,
    ) -> None:
        self._rotator = rotator
        self._tasks = tasks
        self._entries = entries
        self._clock = rotator.clock
        self._margin = margin
        self._emit = emit
        self.unsaved: dict[str, TokenNotSaved] = {}

    def start(self, entry: AccountEntry, wish: Wish) -> Flight:
        """Begin to work on *entry*, which has no flight now."""
        flight = Flight(wish)
        entry.flight = flight

        def ended() -> None:
            if entry.flight is flight:
                entry.flight = None
            flight.fail(SessionClosed("this refresh"))

        self._tasks.run(self._fly(entry, flight), ended=ended, exposed=lambda: flight.exposed)
        return flight

    def adopt(self, entry: AccountEntry, token: Token) -> None:
        """Use *token* from now on."""
        fresh_until, usable_until = self._deadlines(entry, token)
        entry.adopt(token, fresh_until=fresh_until, usable_until=usable_until)

    def accepts(self, entry: AccountEntry, wish: Wish, stored: Token) -> bool:
        """Say whether *stored* is what *wish* is for."""
        if wish.want is Want.NEW:
            return False
        if wish.until is not None and wish.since is not None:
            return stored.expires_at > wish.until or stored.updated_at > wish.since
        now = self._clock.monotonic()
        fresh_until, usable_until = self._deadlines(entry, stored)
        if wish.want is Want.FRESH:
            return now < fresh_until
        return now < usable_until and stored.access_token != wish.refused

    async def _fly(self, entry: AccountEntry, flight: Flight) -> None:
        try:
            token = await self._obtain(entry, flight)
        except Exception as error:  # noqa: BLE001 - a bug in somebody's store must reach the callers, not hang them
            entry.flight = None
            if isinstance(error, TikTokError):
                self._failed(entry, flight, error)
            flight.fail(error)
        else:
            entry.flight = None
            self._succeeded(entry, flight, token)
            flight.keep(token)

    async def _obtain(self, entry: AccountEntry, flight: Flight) -> Token:
        """Get the token; an account in use waits a while for a store that is down."""
        end = self._clock.monotonic() + (_STORE_PATIENCE if entry.token is not None else 0.0)
        failures = 0
        while True:
            try:
                return await self._attempt(entry, flight)
            except LeaseUnavailable:
                raise
            except StoreError:
                if self._clock.monotonic() >= end:
                    raise
            failures += 1
            await self._clock.sleep(pause(failures, base=0.1, cap=1.0, jitter=self._clock.random()))

    async def _attempt(self, entry: AccountEntry, flight: Flight) -> Token:
        if flight.rotation is None:
            stored = await self._rotator.store.get(entry.key)
            if stored is None:
                raise AccountNotFound(entry.key.open_id, entry.key.client_key)
            if stored.state is not TokenState.ACTIVE:
                raise ReauthorizationRequired(entry.key.open_id, stored.reason or "revoked")
            if self.accepts(entry, flight.wish, stored):
                return stored
            if entry.error is not None and self._clock.monotonic() < entry.retry_at and not flight.forced:
                raise copy(entry.error)
            flight.began = self._clock.monotonic()
            flight.rotation = Rotation(self._rotator, entry.key, _Ears(self, entry, flight))
        return await flight.rotation.run(patient=flight.wish.want is not Want.LATER)

    def _succeeded(self, entry: AccountEntry, flight: Flight, token: Token) -> None:
        self.adopt(entry, token)
        entry.recover()
        if flight.rotation is None or not flight.rotation.rotated:
            return
        if flight.wish.want is Want.OTHER:
            entry.suspect = token.access_token
            # Past its fresh time a refusal is what it looks like: the token has ended.
            entry.suspect_until = min(self._clock.monotonic() + _SUSPICION, entry.fresh_until)
        self.tell(
            TokenRefreshed(
                at=self._clock.now(),
                open_id=entry.key.open_id,
                expires_at=token.expires_at,
                version=token.version,
                duration=timedelta(seconds=self._clock.monotonic() - flight.began),
                background=flight.wish.want in (Want.FRESH, Want.LATER),
            )
        )

    def _failed(self, entry: AccountEntry, flight: Flight, error: TikTokError) -> None:
        now = self._clock.monotonic()
        rotation = flight.rotation
        if isinstance(error, AccountNotFound):
            entry.drop()
            self._entries.pop(entry.key.open_id, None)
            self.unsaved.pop(entry.key.open_id, None)
        elif isinstance(error, ReauthorizationRequired):
            self.lose(entry, error)
            if rotation is not None and rotation.found_out:
                self.tell(
                    ReauthorizationNeeded(
                        at=self._clock.now(), open_id=entry.key.open_id, reason=error.reason, log_id=error.log_id
                    )
                )
        elif rotation is None and not isinstance(error, StoreError):
            entry.look_at = now + _LOOK
        elif not isinstance(error, LeaseUnavailable):
            entry.failures += 1
            cap = _PAUSE_BASE if isinstance(error, StoreError) else _PAUSE_CAP
            wait = pause(entry.failures, base=_PAUSE_BASE, cap=cap, jitter=self._clock.random())
            entry.error = error
            entry.retry_at = now + wait
            entry.look_at = now + min(wait, _LOOK)
            self.tell(self._failure(entry, error))

    def lose(self, entry: AccountEntry, error: ReauthorizationRequired) -> None:
        """Refuse the account's calls from now on, with a look into the store every few seconds."""
        entry.drop()
        entry.recover()
        entry.error = error
        entry.look_at = self._clock.monotonic() + _LOOK

    def keep_unsaved(self, entry: AccountEntry, error: TokenNotSaved) -> None:
        """Tell that a rotated token is in this process only."""
        _log.error("The rotated token of account %s could not be stored so far; it is tried further", error.open_id)
        self.tell(self._failure(entry, error, unsaved=True))

    def tell(self, event: Event) -> None:
        """Emit *event*."""
        if self._emit is not None:
            self._emit(event)

    def _failure(self, entry: AccountEntry, error: TikTokError, *, unsaved: bool = False) -> TokenRefreshFailed:
        return TokenRefreshFailed(
            at=self._clock.now(),
            open_id=entry.key.open_id,
            error=type(error).__name__,
            code=getattr(error, "code", None) or getattr(error, "error", None),
            log_id=getattr(error, "log_id", None),
            unsaved=unsaved,
        )

    def _deadlines(self, entry: AccountEntry, token: Token) -> tuple[float, float]:
        known = entry.token
        if known is not None and known.access_token == token.access_token and known.expires_at == token.expires_at:
            # The wall clock was asked when it came in; it may have been set since.
            return entry.fresh_until, entry.usable_until
        now = self._clock.monotonic()
        left = token_lifetime(token, self._clock.now(), self._margin)
        return now + left.fresh, now + left.usable


@frozen
class _Ears:
    """Hears what a rotation finds out while it is still at work."""

    flights: Flights
    entry: AccountEntry
    flight: Flight

    def accepts(self, stored: Token) -> bool:
        return self.flights.accepts(self.entry, self.flight.wish, stored)

    def gained(self, token: Token) -> None:
        """Serve the token before it is stored: whoever waits for it need not wait for the disk."""
        self.flights.unsaved[token.key.open_id] = TokenNotSaved(token)
        known = self.entry.token
        if known is None or known.version < token.version:
            self.flights.adopt(self.entry, token)
        self.flight.gained = True
        self.flight.known.keep(token)

    def stored(self, token: Token) -> None:
        self.flights.unsaved.pop(token.key.open_id, None)

    def unsaved(self, error: TokenNotSaved) -> None:
        self.flights.keep_unsaved(self.entry, error)
        self.flight.saved.fail(error)

    def lost(self, error: ReauthorizationRequired) -> None:
        self.flights.lose(self.entry, error)
        self.flight.fail(error)
