"""The calls to TikTok's token endpoint; the token manager uses their results.

Source: https://developers.tiktok.com/doc/oauth-user-access-token-management
"""

import logging
from functools import partial

from attrs import frozen

from tiktok_async._calls.sender import Sender
from tiktok_async.abc import Clock
from tiktok_async.api.oauth.rules.authorize import (
    authorization_code_form,
    client_credentials_form,
    parse_client_token,
    parse_token,
    refresh_form,
    revoke_form,
)
from tiktok_async.models import ClientToken, Endpoint, Secret, Token

_log = logging.getLogger("tiktok_async.tokens")


def _log_unreadable(whose: str, field: str) -> None:
    _log.warning(
        "TikTok's token answer for %s has a field %s that cannot be read; the token is kept. "
        "Please report it: TikTok may have changed its answer.",
        whose,
        field,
    )


@frozen(slots=True, kw_only=True)
class Grants:
    """Asks TikTok for tokens, without repeats.

    Attributes:
        sender: The request path.
        client_key: The app.
        client_secret: Its secret.
        clock: Lifetimes count from its time.
    """

    sender: Sender
    client_key: str
    client_secret: Secret
    clock: Clock

    async def exchange(self, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None) -> Token:
        """Exchange an authorization code for a token.

        Raises:
            OAuthError: TikTok refused.
        """
        # Lifetimes count from before the request: an end that is a little too early does no harm.
        asked_at = self.clock.now()
        # The form is not kept in a variable, since crash reporters show the variables of every frame.
        response = await self.sender.call(
            Endpoint.TOKEN,
            form=authorization_code_form(
                self.client_key, self.client_secret, code, redirect_uri=redirect_uri, code_verifier=code_verifier
            ),
        )
        return parse_token(
            response.data, client_key=self.client_key, now=asked_at, on_unreadable=partial(_log_unreadable, "a login")
        )

    async def refresh(self, token: Token) -> Token:
        """Exchange *token*'s refresh token for the next pair; TikTok lets that happen once.

        Raises:
            OAuthError: TikTok refused; `invalid_grant` means that this refresh token has ended.
            TransportError: There was no answer; if `.sent` is true, it is unknown whether TikTok rotated the token.
        """
        asked_at = self.clock.now()
        # One after the other they share a connection for a second: that an answer may be lost is what the record of
        # the attempt is for.
        response = await self.sender.call(
            Endpoint.TOKEN, form=refresh_form(self.client_key, self.client_secret, token.refresh_token), kept=True
        )
        on_unreadable = partial(_log_unreadable, f"account {token.key.open_id}")
        return parse_token(
            response.data, client_key=self.client_key, now=asked_at, previous=token, on_unreadable=on_unreadable
        )

    async def client(self) -> ClientToken:
        """Mint a client token.

        Raises:
            OAuthError: TikTok refused.
        """
        asked_at = self.clock.now()
        response = await self.sender.call(
            Endpoint.TOKEN, form=client_credentials_form(self.client_key, self.client_secret)
        )
        return parse_client_token(response.data, now=asked_at)

    async def revoke(self, token: Token) -> None:
        """End the grant that *token* belongs to.

        Raises:
            OAuthError: TikTok refused.
        """
        await self.sender.call(
            Endpoint.REVOKE, form=revoke_form(self.client_key, self.client_secret, token.access_token)
        )
