"""The tokens of a process: cached, refreshed before they end, and never rotated twice.

A *fresh* token is used. A *stale* one is used too, and refreshed once in the background. With an *expired* one every
caller waits for one refresh. The refresh runs in a task of the manager, so a caller that is cancelled meanwhile does
not end it.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from attrs import evolve

from tiktok_async._concurrency.backoff import backoff
from tiktok_async._concurrency.lease import LeaseKeeper
from tiktok_async._concurrency.tasks import OwnedTasks
from tiktok_async._tokens.cache import ROOM, AccountCache
from tiktok_async._tokens.client_token import ClientTokens
from tiktok_async._tokens.renewal import AccountEntry, Purpose, Renewal, Renewals
from tiktok_async._tokens.rotation import RotationSettings, put_first
from tiktok_async.abc import Clock, TokenStore
from tiktok_async.errors import AccessTokenInvalid, LeaseUnavailable, StoreError, TokenNotSaved
from tiktok_async.models import AccountKey, ClientToken, Token, TokenState

if TYPE_CHECKING:
    from tiktok_async.models import Event

_SAVES = 4


async def save_login(settings: RotationSettings, token: Token) -> Token:
    """Store a new grant over the stored one, whose marks and attempts are removed.

    Raises:
        TokenNotSaved: The store failed four times in a row.
    """
    fresh = evolve(token, state=TokenState.ACTIVE, attempt=None, reason=None)
    failures = 0
    while True:
        try:
            return await put_first(settings.store, fresh, expected_version=None)
        except StoreError as error:
            failures += 1
            if failures == _SAVES:
                raise TokenNotSaved(token) from error
        await settings.clock.sleep(backoff(failures, base=0.1, cap=5, jitter=settings.clock.random()))


async def forget(
    settings: RotationSettings, key: AccountKey, revoke: Callable[[Token], Awaitable[None]] | None
) -> bool:
    """Revoke and delete *key*'s token under its lease, so that it interrupts no rotation.

    Returns:
        Whether there was one.
    """
    while True:
        try:
            async with (
                settings.store.lease(key, ttl=settings.ttl, wait=settings.ttl) as lease,
                LeaseKeeper(lease, settings.clock, settings.ttl).kept(),
            ):
                stored = await settings.store.get(key)
                if stored is None:
                    return False
                if revoke is not None and stored.state is TokenState.ACTIVE:
                    await revoke(stored)
                return await settings.store.delete(key)
        except LeaseUnavailable:
            # Its holder is at work, or has died and its lease will end soon.
            continue


class TokenManager:
    """Gives tokens to calls.

    Args:
        client_key: The app.
        store: Holds the tokens.
        clock: Time, sleep and randomness.
        refresh_grant: Asks TikTok for the next token; takes the present one.
        client_grant: Asks TikTok for a client token.
        emit: Gets the events; it must not raise.
        refresh_margin: How long before its end a token is stale; `None` takes a tenth of its life, at least 60 s.
        http_timeout: The longest that one HTTP request takes.
        check: Raises where no work may begin, such as on a second event loop.
        room: How many accounts are kept in memory.

    Attributes:
        client: The app's own token.
    """

    def __init__(
        self,
        *,
        client_key: str,
        store: TokenStore,
        clock: Clock,
        refresh_grant: Callable[[Token], Awaitable[Token]],
        client_grant: Callable[[], Awaitable[ClientToken]],
        emit: "Callable[[Event], None] | None",
        refresh_margin: timedelta | None,
        http_timeout: timedelta,
        check: Callable[[], None] | None = None,
        room: int = ROOM,
    ) -> None:
        self.client_key = client_key
        self.store = store
        self.clock = clock
        self._now = clock.monotonic
        self._entries = AccountCache(client_key, clock, room)
        self._tasks = OwnedTasks(clock, check)
        self._settings = RotationSettings(
            store=store, clock=clock, grant=refresh_grant, timeout=max(http_timeout, timedelta(seconds=1))
        )
        self._renewals = Renewals(self._settings, self._tasks, self._entries.pop, margin=refresh_margin, emit=emit)
        self.client: ClientTokens = ClientTokens(
            clock=clock, tasks=self._tasks, grant=client_grant, margin=refresh_margin
        )

    def usable(self, open_id: str) -> Token | None:
        """Return the cached token if it can be used, without I/O and without waiting.

        A stale one is returned as well, and is refreshed in the background.
        """
        entry = self._entries.get(open_id)
        if entry is None:
            return None
        now = self._now()
        if now < entry.fresh_until:
            return entry.token
        if now >= entry.usable_until:
            return None
        if entry.renewal is None and now >= entry.retry_at and not self._tasks.closed:
            self._renewals.start(entry, Renewal(Purpose.BACKGROUND))
        return entry.token

    async def token(self, open_id: str) -> Token:
        """Return a usable token: the cached one, the stored one, or a new one.

        Raises:
            AccountNotFound: Nothing is stored.
            ReauthorizationRequired: The user has to log in again. No further request is made.
            StoreError: The store failed.
            TransportError: The token has expired, and TikTok could not be reached.
            OAuthError: TikTok refused the refresh because of the app.
        """
        while (token := self.usable(open_id)) is None:
            entry = self._entry(open_id)
            renewal = entry.renewal
            if renewal is None:
                self._refuse_during_pause(entry)
                renewal = self._renewals.start(entry, Renewal(Purpose.CALL))
            elif renewal.known.done:
                await renewal.saved.wait()
                continue
            found = await self._wait_for(renewal)
            if found is not None:
                return found
        return token

    async def rejected(self, token: Token) -> Token:
        """Return another token than *token*, which TikTok refused with a 401.

        Each refused token is refreshed once. If the new one is refused within a minute, a refresh does not help.

        Raises:
            AccessTokenInvalid: A refresh does not help.
            TikTokError: As `token`.
        """
        while True:
            entry = self._entry(token.key.open_id)
            current = self.usable(token.key.open_id)
            if current is not None and current.access_token != token.access_token:
                return current
            if entry.suspect == token.access_token and self._now() < entry.suspect_until:
                raise AccessTokenInvalid(
                    "access_token_invalid",
                    "a token that was refreshed a moment ago is refused too",
                    status=401,
                    open_id=token.key.open_id,
                )
            renewal = entry.renewal
            if renewal is None:
                self._refuse_during_pause(entry)
                renewal = self._renewals.start(entry, Renewal(Purpose.REJECTED, refused=token.access_token))
            elif renewal.known.done:
                await renewal.saved.wait()
                continue
            newer = await self._wait_for(renewal)
            if newer is not None and newer.access_token != token.access_token:
                return newer

    async def refresh(self, open_id: str) -> Token:
        """Rotate the token now and return it once it is stored.

        Concurrent callers share one rotation.

        Raises:
            TokenNotSaved: TikTok rotated the token, and the store fails to save the new one.
            TikTokError: As `token`.
        """
        while True:
            entry = self._entry(open_id)
            renewal = entry.renewal
            if renewal is None:
                renewal = self._renewals.start(entry, Renewal(Purpose.FORCED))
            if renewal.purpose is Purpose.FORCED or renewal.rotated:
                return await renewal.saved.wait()
            await renewal.finished()

    async def refresh_if_due(self, open_id: str, *, until: datetime, since: datetime) -> bool:
        """Refresh the token if it ends by *until*, for a sweep, without waiting for other workers.

        Args:
            open_id: The account.
            until: A token that ends later is not due.
            since: A token that TikTok gave later than this is not due either, however short its life is.

        Returns:
            Whether this call rotated it; `False` if another did, or it was not due.

        Raises:
            LeaseUnavailable: Another worker is at work on it.
            TikTokError: As `token`.
        """
        known = open_id in self._entries
        entry = self._entry(open_id)
        if entry.renewal is not None:
            await entry.renewal.saved.wait()
            return False
        try:
            renewal = self._renewals.start(entry, Renewal(Purpose.SWEEP, until=until, since=since))
            await renewal.saved.wait()
            return renewal.rotation is not None and renewal.rotation.rotated
        finally:
            if not known and entry.renewal is None:
                # A sweep may read half a million accounts, so they must not stay in memory.
                self._entries.pop(open_id)

    async def log_in(self, grant: Callable[[], Awaitable[Token]]) -> Token:
        """Ask TikTok for a new grant and store it over the stored one.

        Both go on if the caller is cancelled: the code of a login can be used once, and its answer holds the only copy
        of the token.

        Args:
            grant: Asks TikTok.

        Raises:
            TokenNotSaved: The store failed.
            TikTokError: From *grant*.
        """
        self._tasks.check_open()
        return await self._tasks.result(self._log_in(grant))

    async def save_login(self, token: Token) -> Token:
        """Store a new grant over the stored one.

        Raises:
            TokenNotSaved: The store failed.
        """
        self._tasks.check_open()
        return await self._tasks.result(self._save_login(token))

    async def forget(self, open_id: str, revoke: Callable[[Token], Awaitable[None]] | None) -> bool:
        """End the grant by *revoke*, then delete the token, under the account's lease.

        Returns:
            Whether a token was stored.

        Raises:
            StoreError: The store failed.
            TikTokError: From *revoke*; the token stays stored.
        """
        self._tasks.check_open()
        return await self._tasks.result(self._forget(open_id, revoke))

    async def add_scopes(self, open_id: str, scopes: frozenset[str]) -> None:
        """Record that the stored token covers *scopes*, too: TikTok adds scopes to a grant without a new token.

        Raises:
            StoreError: The store failed, or another worker is at work on the account.
        """
        self._tasks.check_open()
        await self._tasks.result(self._add_scopes(open_id, scopes))

    async def aclose(self, drain: timedelta = timedelta(seconds=10)) -> None:
        """Let running refreshes finish within *drain*, then cancel the rest; harmless when repeated.

        Args:
            drain: The longest time to wait.

        Raises:
            TokenNotSaved: A rotated token could not be stored; `.token` holds it.
            ExceptionGroup: Several could not; `except* TokenNotSaved` catches both forms.
        """
        await self._tasks.aclose(drain)
        self._entries.clear()
        unsaved = list(self._renewals.unsaved.values())
        self._renewals.unsaved.clear()
        if len(unsaved) == 1:
            raise unsaved[0]
        if unsaved:
            raise ExceptionGroup("Rotated tokens could not be stored; each `.token` holds one", unsaved)

    async def _log_in(self, grant: Callable[[], Awaitable[Token]]) -> Token:
        return await self._save_login(await grant())

    async def _save_login(self, token: Token) -> Token:
        stored = await save_login(self._settings, token)
        entry = self._entries.entry(token.key.open_id)
        self._renewals.adopt(entry, stored)
        entry.recover()
        return stored

    async def _add_scopes(self, open_id: str, scopes: frozenset[str]) -> None:
        key, settings = AccountKey(self.client_key, open_id), self._settings
        # Under its lease: a rotation must find the same version of the record with which it began.
        async with (
            self.store.lease(key, ttl=settings.ttl, wait=settings.ttl) as lease,
            LeaseKeeper(lease, self.clock, settings.ttl).kept(),
        ):
            found = await self.store.get(key)
            if found is None or found.state is not TokenState.ACTIVE or scopes <= found.scopes:
                return
            stored = await self.store.put(evolve(found, scopes=found.scopes | scopes), expected_version=found.version)
            entry = self._entries.get(open_id)
            if entry is not None and entry.token is not None and entry.token.access_token == stored.access_token:
                self._renewals.adopt(entry, stored)

    async def _forget(self, open_id: str, revoke: Callable[[Token], Awaitable[None]] | None) -> bool:
        found = await forget(self._settings, AccountKey(self.client_key, open_id), revoke)
        entry = self._entries.pop(open_id)
        if entry is not None:
            entry.drop()
        return found

    def _entry(self, open_id: str) -> AccountEntry:
        self._tasks.check_open()
        return self._entries.entry(open_id)

    @staticmethod
    async def _wait_for(renewal: Renewal) -> Token | None:
        """Wait for *renewal*; `None` if it was a sweep's that gave up, which a sweep does sooner than a call."""
        if renewal.purpose is not Purpose.SWEEP:
            return await renewal.known.wait()
        with suppress(LeaseUnavailable):
            await renewal.known.wait()
        return None

    def _refuse_during_pause(self, entry: AccountEntry) -> None:
        if entry.error is not None and self._now() < entry.read_store_at:
            raise copy(entry.error)
