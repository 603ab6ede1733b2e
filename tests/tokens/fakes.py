"""A token endpoint that is as strict as TikTok may be, and stores that fail on request."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from attrs import evolve

from tiktok_async._tokens.manager import TokenManager
from tiktok_async.abc import Clock, Lease, TokenStore
from tiktok_async.errors import OAuthError, StoreError, TikTokError
from tiktok_async.models import AccountKey, ClientToken, Event, Secret, Token
from tiktok_async.stores import MemoryTokenStore
from tiktok_async.testing import VirtualClock

T = TypeVar("T")

APP = "app-key"
USER = AccountKey(APP, "user")
TIMEOUT = timedelta(seconds=30)


class StrictProvider:
    """Rotates at every use; a refresh token that is used twice ends its whole grant.

    Args:
        clock: Time.
        life: Of an access token.
        latency: Seconds before a request is processed, and again before its answer is there.
        grace: Whether a dead refresh token still gives the newest pair, as some servers allow.

    Attributes:
        grants: How many refreshes succeeded, by open_id.
        asked: How often each refresh token was presented.
        reuses: Dead refresh tokens that were presented.
        lost: How often the answer to each refresh token was lost.
        faults: What happens to the next requests: `None` works, a pair is (whether TikTok rotates first, the error).
    """

    def __init__(
        self,
        clock: Clock,
        *,
        life: timedelta = timedelta(hours=2),
        latency: float = 0.1,
        grace: bool = False,
    ) -> None:
        self._clock = clock
        self._life = life
        self._latency = latency
        self._grace = grace
        self._live: dict[str, str] = {}
        self._dead: dict[str, str] = {}
        self._counter = 0
        self.grants: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.reuses: list[str] = []
        self.lost: Counter[str] = Counter()
        self.faults: list[tuple[bool, TikTokError] | None] = []
        self.client_grants = 0

    def login(self, open_id: str) -> Token:
        """Return a new grant, as a user's consent gives it."""
        return self._mint(open_id)

    def revoke(self, open_id: str) -> None:
        """End the grant, as the user does in TikTok's settings."""
        self._live = {secret: owner for secret, owner in self._live.items() if owner != open_id}

    def is_live(self, token: Token) -> bool:
        """Return whether the refresh token of *token* would be accepted."""
        return token.refresh_token.reveal() in self._live

    async def refresh(self, token: Token) -> Token:
        """The grant that a token manager calls."""
        fault = self.faults.pop(0) if self.faults else None
        await self._clock.sleep(self._latency)
        if fault is not None and not fault[0]:
            await self._clock.sleep(self._latency)
            raise fault[1]
        answer = self._process(token)
        await self._clock.sleep(self._latency)
        if fault is not None:
            self.lost[token.refresh_token.reveal()] += 1
            raise fault[1]
        if isinstance(answer, TikTokError):
            raise answer
        return answer

    def refresh_now(self, token: Token) -> Token:
        """Rotate at once, as a request of another process does."""
        answer = self._process(token)
        assert isinstance(answer, Token)
        return answer

    async def client(self) -> ClientToken:
        """The grant of a client token."""
        self.client_grants += 1
        number = self.client_grants
        fault = self.faults.pop(0) if self.faults else None
        await self._clock.sleep(self._latency)
        if fault is not None:
            raise fault[1]
        return ClientToken(access_token=Secret(f"clt.{number}"), expires_at=self._clock.now() + self._life)

    def _process(self, token: Token) -> Token | TikTokError:
        secret = token.refresh_token.reveal()
        self.asked[secret] += 1
        owner = self._live.pop(secret, None)
        if owner is None and self._grace and secret in self._dead:
            owner = self._dead[secret]
        if owner is None:
            if secret in self._dead:
                self.reuses.append(secret)
                self.revoke(self._dead[secret])
            return OAuthError("invalid_grant", "Refresh token is invalid.", log_id="log-1", open_id=token.key.open_id)
        self.revoke(owner)
        self._dead[secret] = owner
        self.grants[owner] += 1
        return self._mint(owner)

    def _mint(self, open_id: str) -> Token:
        self._counter += 1
        refresh = f"rft.{open_id}.{self._counter}"
        self._live[refresh] = open_id
        now = self._clock.now()
        return Token(
            key=AccountKey(APP, open_id),
            access_token=Secret(f"act.{open_id}.{self._counter}"),
            refresh_token=Secret(refresh),
            scopes=frozenset({"user.info.basic"}),
            expires_at=now + self._life,
            refresh_expires_at=now + timedelta(days=180),
            updated_at=now,
        )


# Kept for a killed process: if it were dropped, the lease would be released.
_unreleased_leases: list[object] = []


class FlakyStore:
    """A store whose calls a test can fail, stop or watch.

    Args:
        inner: The store that works.

    Attributes:
        before: Called with the name of each call before it happens; what it raises is what the caller gets.
        after: The same, once the call has happened: its effect is there, and its answer is lost.
        calls: How often each call was made.
        alive: Whether the process is alive; a killed one releases no lease.
    """

    def __init__(self, inner: TokenStore) -> None:
        self._inner = inner
        self.before: Callable[[str], None] = _nothing
        self.after: Callable[[str], None] = _nothing
        self.calls: Counter[str] = Counter()
        self.alive = True

    async def get(self, key: AccountKey) -> Token | None:
        return await self._call("get", self._inner.get(key))

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        return await self._call("put", self._inner.put(token, expected_version=expected_version))

    async def delete(self, key: AccountKey) -> bool:
        return await self._call("delete", self._inner.delete(key))

    def keys(self, client_key: str) -> AsyncIterator[AccountKey]:
        return self._inner.keys(client_key)

    def expiring(self, client_key: str, before: datetime) -> AsyncIterator[AccountKey]:
        return self._inner.expiring(client_key, before)

    @asynccontextmanager
    async def lease(self, key: AccountKey, *, ttl: timedelta, wait: timedelta) -> AsyncGenerator[Lease]:
        self.calls["lease"] += 1
        self.before("lease")
        held = self._inner.lease(key, ttl=ttl, wait=wait)
        lease = await held.__aenter__()
        try:
            self.after("lease")
            yield lease
        finally:
            if self.alive:
                await held.__aexit__(None, None, None)
            else:
                _unreleased_leases.append(held)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _call(self, name: str, work: Coroutine[Any, Any, T]) -> T:
        self.calls[name] += 1
        try:
            # A real store is remote: each call lets other tasks run.
            await asyncio.sleep(0)
            self.before(name)
        except BaseException:
            work.close()
            raise
        result = await work
        self.after(name)
        return result


def _nothing(name: str) -> None:
    del name


def failing(name: str, times: int) -> Callable[[str], None]:
    """Return a hook that fails the next *times* calls of *name*."""
    left = times

    def hook(called: str) -> None:
        nonlocal left
        if called == name and left > 0:
            left -= 1
            raise StoreError("the store is away")

    return hook


class TokenWorld:
    """A provider, a store and the managers of several processes, all on one clock that tests move."""

    def __init__(self, **provider: Any) -> None:
        self.clock = VirtualClock()
        self.provider = StrictProvider(self.clock, **provider)
        self.memory = MemoryTokenStore(clock=self.clock)
        self.store = FlakyStore(self.memory)
        self.events: list[Event] = []

    def manager(self, **changes: Any) -> TokenManager:
        """Return the token manager of one more process."""
        settings: dict[str, Any] = {
            "client_key": APP,
            "store": self.store,
            "clock": self.clock,
            "refresh_grant": self.provider.refresh,
            "client_grant": self.provider.client,
            "emit": self.events.append,
            "refresh_margin": None,
            "http_timeout": TIMEOUT,
        }
        return TokenManager(**settings | changes)

    async def connected(self, open_id: str = "user", **changes: Any) -> TokenManager:
        """Return a manager of a process in which *open_id* has just logged in."""
        manager = self.manager(**changes)
        await manager.save_login(self.provider.login(open_id))
        return manager

    async def stored(self, open_id: str = "user") -> Token:
        """Return what is in the store."""
        token = await self.store.get(AccountKey(APP, open_id))
        assert token is not None
        return token

    async def change(self, open_id: str = "user", **changes: Any) -> Token:
        """Change the stored token directly, without a manager."""
        token = evolve(await self.stored(open_id), **changes)
        return await self.store.put(token, expected_version=None)

    def told(self, kind: type[Event]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.events if type(event) is kind]
