"""One rotation of one account's token, from the lease to the saved result.

TikTok ends a refresh token at its first use and gives the next one in an answer that may be lost. So only the holder
of the account's lease rotates. It first reads the store again and uses the result of another process if there is one.
Before it asks TikTok, it stores that it is about to do so (the *attempt*). It saves the answer by compare-and-set, and
repeats that until it succeeds. A worker that finds an unfinished attempt knows that its outcome is unknown. It waits
until the process that made it cannot be at work any more, and tries the same refresh token once.

Source: https://developers.tiktok.com/doc/oauth-user-access-token-management
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Protocol, cast

from attrs import evolve, frozen

from tiktok_async._concurrency.backoff import backoff
from tiktok_async._concurrency.lasting import cancelled_from_outside
from tiktok_async._concurrency.lease import LeaseKeeper
from tiktok_async._tokens.rules import RefreshOutcome, classify_refresh_error, reauthorization_reason, went_back
from tiktok_async.abc import Clock, TokenStore, UrgentTokenStore
from tiktok_async.errors import (
    AccountNotFound,
    LeaseUnavailable,
    ReauthorizationRequired,
    StoreError,
    TikTokError,
    TokenConflict,
    TokenNotSaved,
)
from tiktok_async.models import AccountKey, RefreshAttempt, Token, TokenState, fingerprint

_log = logging.getLogger("tiktok_async.tokens")

SAVES = 6
"""The number of attempts to save, over some three seconds, before a failure is reported; the attempts go on."""

_BASE, _CAP = 0.1, 5.0  # seconds between two attempts

# The token must not be lost even if the store breaks its contract.
_ANY_FAILURE = (Exception, asyncio.CancelledError)


async def put_first(store: TokenStore, token: Token, *, expected_version: int | None) -> Token:
    """Put *token*, which nothing else holds, before all other work of a store that can.

    Raises:
        TokenConflict: Another version is stored.
        StoreError: The store failed.
    """
    # To ask `isinstance` of a protocol takes longer than a put into memory.
    urgent: UrgentTokenStore | None = cast("UrgentTokenStore", store) if hasattr(store, "put_urgent") else None
    if urgent is None:
        return await store.put(token, expected_version=expected_version)
    return await urgent.put_urgent(token, expected_version=expected_version)


async def save_over(
    store: TokenStore, clock: Clock, before: Token, token: Token, *, over: bool, on_failing: Callable[[], None]
) -> Token:
    """Put *token* over *before*, again and again until that succeeds.

    A save with an unknown outcome is repeated: the conflict that follows shows our own token.

    Args:
        store: The store.
        clock: Waits between the attempts.
        before: What was stored when this process wrote last.
        token: What to store.
        over: Also replace what others stored after *before*, as long as it has the same refresh token.
        on_failing: Called once, after `SAVES` failed attempts.

    Returns:
        The token stored in the end: *token*, or one that another worker put there meanwhile.

    Raises:
        AccountNotFound: It was deleted meanwhile; a grant that its user ended must not come back.
    """
    expected = before.version
    failures = 0
    while True:
        try:
            return await put_first(store, token, expected_version=expected)
        except TokenConflict:
            stored = await _read(store, clock, before.key)
        except _ANY_FAILURE as error:
            _raise_if_cancelled(error)
            failures += 1
            if failures == SAVES:
                on_failing()
            await clock.sleep(backoff(failures, base=_BASE, cap=_CAP, jitter=clock.random()))
            continue
        # This may be our own token, from a put whose answer was lost.
        if not over or stored.refresh_token != before.refresh_token:
            return stored
        expected = stored.version


async def _read(store: TokenStore, clock: Clock, key: AccountKey) -> Token:
    failures = 0
    while True:
        try:
            stored = await store.get(key)
        except _ANY_FAILURE as error:
            _raise_if_cancelled(error)
            failures += 1
            await clock.sleep(backoff(failures, base=_BASE, cap=_CAP, jitter=clock.random()))
            continue
        if stored is None:
            raise AccountNotFound(key.open_id, key.client_key)
        return stored


def _raise_if_cancelled(error: BaseException) -> None:
    """Raise a cancellation of this task; any other one is a failure of the store's own tasks."""
    if isinstance(error, asyncio.CancelledError) and cancelled_from_outside():
        raise error


_REPLAY_PAUSE = 1.5  # seconds, at least, before a second attempt after an unclear answer


class RotationListener(Protocol):
    """Is called with the results of a rotation, before they are stored."""

    def accepts(self, stored: Token) -> bool:
        """Say whether *stored* is enough, so that no request to TikTok is needed."""
        ...

    @property
    def newest(self) -> Token | None:
        """The newest token that this process knows, which may be newer than the stored one."""
        ...

    def on_rotated(self, token: Token) -> None:
        """Take *token*, which TikTok just gave and which is not stored yet."""

    def on_saved(self, token: Token) -> None:
        """Take the stored token: the new one, or the one of a login meanwhile."""

    def on_save_failing(self, error: TokenNotSaved) -> None:
        """Take note that the new token is not stored after `SAVES` attempts; the attempts go on."""

    def on_refused(self, error: ReauthorizationRequired) -> None:
        """Take note that TikTok refused the refresh token, and that this is not stored after `SAVES` attempts."""


@frozen(slots=True)
class RotationSettings:
    """The settings that all rotations of a process share.

    Attributes:
        store: Holds the tokens.
        clock: Time, sleep and randomness.
        grant: Asks TikTok: takes the stored token, returns the new one.
        timeout: The longest that one HTTP request takes.
    """

    store: TokenStore
    clock: Clock
    grant: Callable[[Token], Awaitable[Token]]
    timeout: timedelta

    @property
    def ttl(self) -> timedelta:
        """The length of a lease: the time of the request, the same for delays, and the same for saving."""
        return 3 * self.timeout


class Rotation:
    """One rotation, run by a task that no caller owns.

    Args:
        settings: The settings that all rotations share.
        key: The account.
        listener: Is called with its results.

    Attributes:
        exposed: Whether a refresh token was sent or is about to be sent, and the next one is not stored yet. A
            rotation that is not exposed can be cancelled without losing a token.
        rotated: Whether TikTok gave a new token.
        found_ended: Whether this rotation is the one that found that the grant has ended.
    """

    def __init__(self, settings: RotationSettings, key: AccountKey, listener: RotationListener) -> None:
        self._store = settings.store
        self._clock = settings.clock
        self._grant = settings.grant
        self._timeout = settings.timeout.total_seconds()
        self._ttl = settings.ttl
        self._key = key
        self._listener = listener
        self._unsent: RefreshAttempt | None = None
        self.exposed = False
        self.rotated = False
        self.found_ended = False

    async def run(self, *, patient: bool) -> Token:
        """Rotate the token, or use the one to which another process rotated it.

        Args:
            patient: Wait while another worker holds the lease; otherwise try once.

        Returns:
            The token as stored.

        Raises:
            AccountNotFound: Nothing is stored.
            ReauthorizationRequired: The grant has ended.
            LeaseUnavailable: Another worker holds the lease, and this caller is not patient.
            StoreError: The store failed before TikTok was asked. `run` may be called again.
            TikTokError: From the grant.
        """
        wait = self._ttl if patient else timedelta(0)
        while True:
            token: Token | None = None
            try:
                async with self._store.lease(self._key, ttl=self._ttl, wait=wait) as lease:
                    held = LeaseKeeper(lease, self._clock, self._ttl)
                    async with held.kept():
                        token = await self._rotate(held)
            except LeaseUnavailable:
                if not patient:
                    raise
            except (StoreError, asyncio.CancelledError) as error:
                # A lease that cannot be released ends by itself; the token is stored.
                if token is None:
                    raise
                _raise_if_cancelled(error)
            if token is not None:
                return token

    async def _read(self) -> Token | None:
        """Return the stored token, after restoring a newer one of this process; `None` if it must be read again."""
        stored = await self._store.get(self._key)
        if stored is None:
            raise AccountNotFound(self._key.open_id, self._key.client_key)
        known = self._listener.newest
        if known is not None and went_back(known, stored):
            _log.warning("the store holds an older token of account %s; the newer one is put back", self._key.open_id)
            newer = evolve(known, state=TokenState.ACTIVE, attempt=None, reason=None)
            try:
                return await self._store.put(newer, expected_version=stored.version)
            except TokenConflict:
                return None
        if stored.state is not TokenState.ACTIVE:
            raise ReauthorizationRequired(self._key.open_id, stored.reason or "revoked")
        return stored

    async def _rotate(self, held: LeaseKeeper) -> Token | None:
        """Rotate under the lease; `None` if the record changed and must be read again."""
        stored = await self._read()
        if stored is None:
            return None
        if self._listener.accepts(stored):
            return stored
        found = stored.attempt
        if found is not None and found.fingerprint != fingerprint(stored.refresh_token):
            found = None
        if found is not None and found == self._unsent:
            # This rotation wrote it before it had to begin again; an attempt that it repeats is still open.
            found = found if found.replayed else None
        elif found is not None:
            # The process that made it may only be stopped: its request has surely ended when its lease would have.
            left = (found.at + self._ttl - self._clock.now()).total_seconds()
            await self._clock.sleep(min(left, self._ttl.total_seconds()))
        self.exposed = True
        try:
            return await self._ask(held, stored, found)
        finally:
            self.exposed = False

    async def _ask(self, held: LeaseKeeper, stored: Token, found: RefreshAttempt | None) -> Token | None:
        """Use the refresh token, and once more after an unclear answer."""
        while True:
            written = await self._announce(stored, held.owner, replayed=found is not None)
            # The lease must outlast the request, or another worker could use the same refresh token meanwhile.
            if written is None or not await held.covers(self._timeout * 1.1):
                return None
            attempt, self._unsent = self._unsent, None
            try:
                given = await self._grant(written)
            except TikTokError as error:
                outcome = classify_refresh_error(error)
                if outcome is RefreshOutcome.REFUSED:
                    return await self._refused(written, error, interrupted=found is not None)
                if outcome is RefreshOutcome.SPENT:
                    # Its refresh token has been used: sending it again is what TikTok ends a whole grant for.
                    return await self._refused(written, error, interrupted=True)
                if outcome is RefreshOutcome.UNUSED:
                    await self._withdraw(written, found)
                if outcome is not RefreshOutcome.UNCLEAR or found is not None:
                    raise
            else:
                return await self._save(written, given)
            found, stored = attempt, written
            await self._clock.sleep(_REPLAY_PAUSE * (1 + self._clock.random()))

    async def _announce(self, stored: Token, owner: str, *, replayed: bool) -> Token | None:
        """Store the attempt; `None` if another worker changed the record first."""
        self._unsent = RefreshAttempt(
            fingerprint=fingerprint(stored.refresh_token), at=self._clock.now(), replayed=replayed, owner=owner
        )
        try:
            return await self._store.put(evolve(stored, attempt=self._unsent), expected_version=stored.version)
        except TokenConflict:
            return None

    async def _withdraw(self, written: Token, before: RefreshAttempt | None) -> None:
        """Take back an attempt that did not use the refresh token."""
        # If that fails, the next worker takes the attempt for an open one, which costs a wait and no token.
        with suppress(StoreError):
            await self._store.put(evolve(written, attempt=before), expected_version=written.version)

    async def _save(self, written: Token, given: Token) -> Token:
        """Use the new token from now on, and store it."""
        self.rotated = True
        token = evolve(
            given,
            key=self._key,
            version=written.version + 1,
            state=TokenState.ACTIVE,
            attempt=None,
            reason=None,
        )
        self._listener.on_rotated(token)
        on_failing = partial(self._listener.on_save_failing, TokenNotSaved(token))
        stored = await save_over(self._store, self._clock, written, token, over=True, on_failing=on_failing)
        self._listener.on_saved(stored)
        return stored

    async def _refused(self, written: Token, error: TikTokError, *, interrupted: bool) -> Token | None:
        """Mark the account; `None` if another worker changed it or this process knows a newer pair: read it again."""
        known = self._listener.newest
        if known is not None and known.updated_at > written.updated_at and known.refresh_token != written.refresh_token:
            newer = evolve(known, state=TokenState.ACTIVE, attempt=None, reason=None)
            with suppress(TokenConflict):
                await self._store.put(newer, expected_version=written.version)
            return None
        reason = reauthorization_reason(written, self._clock.now(), interrupted=interrupted)
        gone = ReauthorizationRequired(
            self._key.open_id,
            reason,
            description=getattr(error, "description", ""),
            log_id=getattr(error, "log_id", None),
        )
        marked = evolve(written, state=TokenState.REAUTHORIZATION_REQUIRED, reason=reason, attempt=None)
        on_failing = partial(self._listener.on_refused, gone)
        stored = await save_over(self._store, self._clock, written, marked, over=False, on_failing=on_failing)
        if stored.state is TokenState.ACTIVE:
            return None
        self.found_ended = True
        raise gone from None
