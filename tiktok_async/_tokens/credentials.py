"""The tokens that calls carry, of an account or of the app, and their replacement when TikTok refuses one."""

from tiktok_async._tokens.client_token import ClientTokens
from tiktok_async._tokens.manager import TokenManager
from tiktok_async.models import ClientToken, Token


class AccountCredential:
    """The access token of one account.

    Args:
        manager: The tokens.
        open_id: The account.
    """

    __slots__ = ("_manager", "open_id")

    def __init__(self, manager: TokenManager, open_id: str) -> None:
        self._manager = manager
        self.open_id: str = open_id

    def usable(self) -> Token | None:
        """Return the cached token, fresh or stale."""
        return self._manager.usable(self.open_id)

    async def obtain(self) -> Token:
        """Return a token from the store, refreshed when needed."""
        return await self._manager.token(self.open_id)

    async def rejected(self, token: Token | ClientToken) -> Token:
        """Return a newer token from the store, or refresh."""
        if not isinstance(token, Token):
            msg = "an account's credential gave out a client token"
            raise TypeError(msg)
        return await self._manager.rejected(token)


class ClientCredential:
    """The app's own client token.

    Args:
        tokens: Where it is kept.
    """

    __slots__ = ("_tokens",)
    open_id: None = None

    def __init__(self, tokens: ClientTokens) -> None:
        self._tokens = tokens

    def usable(self) -> ClientToken | None:
        """Return the cached client token."""
        return self._tokens.usable()

    async def obtain(self) -> ClientToken:
        """Return the client token, minted when needed."""
        return await self._tokens.token()

    async def rejected(self, token: Token | ClientToken) -> ClientToken:
        """Mint a new one."""
        if not isinstance(token, ClientToken):
            msg = "the client's credential gave out a user token"
            raise TypeError(msg)
        return await self._tokens.rejected(token)
