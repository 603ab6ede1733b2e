"""The parts of a session that all areas share."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from tiktok_async._calls.options import CallOptions
from tiktok_async._calls.sender import Sender
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._concurrency.wakeups import Wakeups
from tiktok_async._tokens.manager import TokenManager
from tiktok_async.abc import Clock, TokenStore, Transport
from tiktok_async.errors import AccountNotFound
from tiktok_async.models import RetryPolicy, Token

if TYPE_CHECKING:
    from tiktok_async.models import Event


@frozen(slots=True, kw_only=True)
class Runtime:
    """The parts of one session, put together once, in `TikTokSession`."""

    client_key: str
    base_url: str
    upload_hosts: tuple[str, ...]
    lifecycle: Lifecycle
    clock: Clock
    store: TokenStore
    transport: Transport
    sender: Sender
    tokens: TokenManager
    revoke: Callable[[Token], Awaitable[None]]
    emit: "Callable[[Event], None] | None"

    def with_options(self, options: CallOptions) -> "Runtime":
        """Return the same parts, with other settings for calls."""
        return evolve(self, sender=self.sender.with_options(options), retry=options.retry or self.retry)

    async def disconnect(self, open_id: str) -> None:
        """End an account's grant at TikTok, then delete its token.

        Raises:
            AccountNotFound: No token is stored for the account.
            OAuthError: TikTok refused; the token stays stored.
        """
        self.lifecycle.check("revoke")
        if not await self.tokens.forget(open_id, self.revoke):
            raise AccountNotFound(open_id, self.client_key)

    retry: RetryPolicy = field(factory=RetryPolicy)
    wakeups: Wakeups = field(factory=Wakeups)
