"""Whose token a call carries, and where the next one comes from when TikTok refuses it."""

from typing import Protocol

from attrs import frozen

from tiktok_async._tokens.manager import TokenManager
from tiktok_async.models import ClientToken, Token


class Credential(Protocol):
    """What the request path needs to know of a token's owner."""

    @property
    def open_id(self) -> str | None:
        """The account, or `None` for the app."""
        ...

    def usable(self) -> Token | ClientToken | None:
        """Return a token that can be used right now, without I/O, if there is one."""
        ...

    async def obtain(self) -> Token | ClientToken:
        """Return a usable token, whatever that takes."""
        ...

    async def rejected(self, token: Token | ClientToken) -> Token | ClientToken:
        """Return another token than *token*, which TikTok has just refused, or raise."""
        ...


@frozen(slots=True)
class AccountCredential:
    """The access token of one account."""

    manager: TokenManager
    open_id: str

    def usable(self) -> Token | None:
        """Return the cached token, fresh or stale."""
        return self.manager.usable(self.open_id)

    async def obtain(self) -> Token:
        """Return a token from the store, refreshed when needed."""
        return await self.manager.token(self.open_id)

    async def rejected(self, token: Token | ClientToken) -> Token:
        """Look for a newer token in the store, or refresh."""
        if not isinstance(token, Token):
            msg = "an account's credential gave out a client token"
            raise TypeError(msg)
        return await self.manager.rejected(token)


@frozen(slots=True)
class ClientCredential:
    """The app's own client token."""

    manager: TokenManager
    open_id: None = None

    def usable(self) -> ClientToken | None:
        """Return the cached client token."""
        return self.manager.client_token_usable()

    async def obtain(self) -> ClientToken:
        """Return the client token, minted when needed."""
        return await self.manager.client_token()

    async def rejected(self, token: Token | ClientToken) -> ClientToken:
        """Mint another one."""
        if not isinstance(token, ClientToken):
            msg = "the client's credential gave out a user token"
            raise TypeError(msg)
        return await self.manager.client_token_rejected(token)
