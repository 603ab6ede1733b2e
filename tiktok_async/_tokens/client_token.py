"""The app's own token: one for all callers, replaced before it ends."""

from collections.abc import Awaitable, Callable
from copy import copy
from datetime import timedelta

from tiktok_async._concurrency.backoff import backoff
from tiktok_async._concurrency.tasks import OwnedTasks, SharedResult
from tiktok_async._tokens.rules import lifetime
from tiktok_async.abc import Clock
from tiktok_async.errors import SessionClosed, TikTokError
from tiktok_async.models import ClientToken, Secret

_NEVER = float("-inf")


class ClientTokens:
    """Mints the client token, one at a time. A new one costs nothing, so it is not stored.

    Args:
        clock: Time, sleep and randomness.
        tasks: Runs the requests.
        grant: Asks TikTok for one.
        margin: How long before its end the token is stale; `None` takes a tenth of its life, at least 60 s.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        tasks: OwnedTasks,
        grant: Callable[[], Awaitable[ClientToken]],
        margin: timedelta | None,
    ) -> None:
        self._clock = clock
        self._tasks = tasks
        self._grant = grant
        self._margin = margin
        self._token: ClientToken | None = None
        self._fresh_until = self._usable_until = self._retry_at = _NEVER
        self._failures = 0
        self._error: TikTokError | None = None
        self._suspect: Secret | None = None
        self._suspect_until = _NEVER
        self._minting: SharedResult[ClientToken] | None = None

    def usable(self) -> ClientToken | None:
        """Return the token if it can be used; a stale one is replaced in the background."""
        if self._tasks.closed:
            return None
        now = self._clock.monotonic()
        if now < self._fresh_until:
            return self._token
        if now >= self._usable_until:
            return None
        if self._minting is None and now >= self._retry_at:
            self._mint()
        return self._token

    async def token(self) -> ClientToken:
        """Return a usable token, minting it if needed.

        Raises:
            SessionClosed: The owner is closed.
            TikTokError: TikTok gave none; for a short time, later calls get the same error without a request.
        """
        token = self.usable()
        if token is not None:
            return token
        return await self._minted()

    async def rejected(self, token: ClientToken) -> ClientToken:
        """Return another token than *token*, which TikTok refused; the same if a new one was refused, too."""
        current = self.usable()
        if current is not None and current.access_token != token.access_token:
            return current
        if self._suspect == token.access_token and self._clock.monotonic() < self._suspect_until:
            return token
        newer = await self._minted()
        self._suspect = newer.access_token
        self._suspect_until = min(self._clock.monotonic() + 60, self._fresh_until)
        return newer

    async def _minted(self) -> ClientToken:
        self._tasks.check_open()
        if self._minting is None:
            if self._error is not None and self._clock.monotonic() < self._retry_at:
                raise copy(self._error)
            return await self._mint().wait()
        return await self._minting.wait()

    def _mint(self) -> SharedResult[ClientToken]:
        result: SharedResult[ClientToken] = SharedResult()

        def ended() -> None:
            self._minting = None
            result.fail(SessionClosed("the client token"))

        self._tasks.run(self._run(result), ended=ended, exposed=lambda: False)
        self._minting = result
        return result

    async def _run(self, result: SharedResult[ClientToken]) -> None:
        try:
            token = await self._grant()
        except TikTokError as error:
            self._failures += 1
            self._error = error
            wait = backoff(self._failures, base=2, cap=60, jitter=self._clock.random())
            self._retry_at = self._clock.monotonic() + wait
            self._minting = None
            result.fail(error)
        else:
            self._adopt(token)
            self._minting = None
            result.set(token)

    def _adopt(self, token: ClientToken) -> None:
        now = self._clock.monotonic()
        life = (token.expires_at - self._clock.now()).total_seconds()
        left = lifetime(life=life, left=life, margin=self._margin)
        self._token = token
        self._fresh_until = now + left.fresh
        self._usable_until = now + left.usable
        self._failures = 0
        self._error = None
        self._retry_at = _NEVER
