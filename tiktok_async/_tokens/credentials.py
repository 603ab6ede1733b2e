"""The tokens that calls carry, of an account or of the app, and their replacement when TikTok refuses one."""

from attrs import frozen

from tiktok_async._tokens.client_token import ClientTokens
from tiktok_async._tokens.manager import TokenManager
from tiktok_async.models import ClientToken, Token


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
        """Return a newer token from the store, or refresh."""
        if not isinstance(token, Token):
            msg = "an account's credential gave out a client token"
            raise TypeError(msg)
        return await self.manager.rejected(token)


@frozen(slots=True)
class ClientCredential:
    """The app's own client token."""

    tokens: ClientTokens
    open_id: None = None

    def usable(self) -> ClientToken | None:
        """Return the cached client token."""
        return self.tokens.usable()

    async def obtain(self) -> ClientToken:
        """Return the client token, minted when needed."""
        return await self.tokens.token()

    async def rejected(self, token: Token | ClientToken) -> ClientToken:
        """Mint a new one."""
        if not isinstance(token, ClientToken):
            msg = "the client's credential gave out a user token"
            raise TypeError(msg)
        return await self.tokens.rejected(token)
