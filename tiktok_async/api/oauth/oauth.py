"""Login, from the authorization URL to the stored token, and its end.

Source: https://developers.tiktok.com/doc/login-kit-web
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from tiktok_async.api.account import Account
from tiktok_async.api.oauth import qr
from tiktok_async.api.oauth.grants import Grants
from tiktok_async.api.oauth.qr import QrLogin
from tiktok_async.api.oauth.rules.authorize import (
    new_authorization,
    parse_callback,
    parse_v1_token,
)
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import AuthorizationRequest, ClientToken, Scope, Secret, Token
from tiktok_async.models._arguments import checked


class OAuth:
    """The login side of a session: `session.oauth`."""

    def __init__(
        self, runtime: Runtime, grants: Grants, *, authorize_url: str, account: Callable[[str], Account]
    ) -> None:
        self._runtime = runtime
        self._grants = grants
        self._authorize_url = authorize_url
        self._account = account

    @checked("Nobody can be logged in")
    def authorization(
        self,
        redirect_uri: str,
        scopes: Iterable[Scope | str],
        *,
        state: str | None = None,
        pkce: bool | None = None,
        disable_auto_auth: bool | None = None,
    ) -> AuthorizationRequest:
        """Begin a login: make the URL to send the user to.

        Keep the result in the user's web session (`to_json`) until the callback comes. No I/O happens here.

        Args:
            redirect_uri: Exactly one of the app's registered redirect URIs.
            scopes: The scopes to request.
            state: Returned with the callback; a random one by default.
            pkce: Whether to use PKCE; `None` uses it for `localhost` and `127.0.0.1`, where TikTok requires it.
            disable_auto_auth: `True` shows the consent page even to a user who has granted all before.

        Raises:
            ConfigurationError: The redirect URI breaks TikTok's rules (all broken ones are named), or there are no
                scopes.

        Source: https://developers.tiktok.com/doc/login-kit-web
        """
        return new_authorization(
            self._authorize_url,
            client_key=self._runtime.client_key,
            redirect_uri=redirect_uri,
            scopes=scopes,
            state=state if state is not None else secrets.token_urlsafe(24),
            pkce=pkce,
            verifier_bytes=secrets.token_bytes(48),
            disable_auto_auth=disable_auto_auth,
        )

    @checked("Nobody can be logged in")
    async def complete(self, request: AuthorizationRequest, callback: str) -> Account:
        """End a login: check the callback, exchange its code, store the token.

        Args:
            request: What `authorization` returned, or its `from_json`.
            callback: The callback's whole URL, or its query string.

        Returns:
            The account that logged in; the granted scopes are in `(await account.token()).scopes`.

        Raises:
            StateMismatch: The callback does not belong to *request*.
            AuthorizationDenied: The user or TikTok refused.
            ConfigurationError: *request* was made for another app, or the callback holds no code.
            OAuthError: TikTok refused the code.
        """
        if request.client_key != self._runtime.client_key:
            msg = f"This login was begun by app {request.client_key}, not by {self._runtime.client_key}."
            raise ConfigurationError(msg)
        code = parse_callback(request, callback)
        del callback  # crash reporters show the variables of every frame
        return await self._exchange(code, redirect_uri=request.redirect_uri, code_verifier=request.code_verifier)

    @checked("Nobody can be logged in")
    async def exchange(
        self, code: str, *, redirect_uri: str | None = None, code_verifier: str | Secret | None = None
    ) -> Account:
        """Exchange a code from elsewhere: from a mini game (without a redirect URI) or a mobile app.

        Args:
            code: The code, URL-decoded.
            redirect_uri: The one with which the login was begun, if there was one.
            code_verifier: The PKCE verifier, if there was one.

        Raises:
            ConfigurationError: *code* is empty.
            OAuthError: TikTok refused the code.

        Source: https://developers.tiktok.com/doc/minis-oauth
        """
        if not code:
            msg = "There is no code to exchange."
            raise ConfigurationError(msg)
        secret = Secret(code)
        verifier = Secret(code_verifier) if isinstance(code_verifier, str) else code_verifier
        del code, code_verifier  # crash reporters show the variables of every frame
        return await self._exchange(secret, redirect_uri=redirect_uri, code_verifier=verifier)

    @checked("Nobody can be logged in")
    async def qr_login(self, scopes: Iterable[Scope | str]) -> QrLogin:
        """Begin a login by QR code: draw its `url`, then follow `watch()` to its end.

        Args:
            scopes: The scopes to request.

        Raises:
            ConfigurationError: There are no scopes.
            OAuthError: TikTok refused.

        Example:
            >>> async def log_in(session):
            ...     qr = await session.oauth.qr_login([Scope.USER_INFO_BASIC])
            ...     print("Draw this:", qr.url)
            ...     async for status in qr.watch():
            ...         print(status)
            ...     return qr.account

        Source: https://developers.tiktok.com/doc/login-kit-qr-code-authorization
        """

        async def exchange(code: Secret) -> Account:
            return await self._exchange(code, redirect_uri=None, code_verifier=None)

        return await qr.begin(self._runtime, exchange, scopes, client_secret=self._grants.client_secret)

    @checked("Nothing can be refreshed")
    async def refresh(self, open_id: str) -> Token:
        """Rotate an account's token now, whatever its age.

        Raises:
            AccountNotFound: No token is stored for the account.
            ReauthorizationRequired: The grant has ended.
            TokenNotSaved: TikTok rotated the token, and the new one could not be stored; the error holds it.
        """
        self._runtime.lifecycle.check("oauth.refresh")
        return await self._runtime.tokens.refresh(open_id)

    @checked("Nothing can be revoked")
    async def revoke(self, open_id: str) -> None:
        """End an account's grant at TikTok, then delete its token.

        Raises:
            AccountNotFound: No token is stored for the account.
            OAuthError: TikTok refused; the token stays stored.
        """
        await self._runtime.disconnect(open_id)

    async def client_token(self) -> ClientToken:
        """Return the app's own token, minted when needed and replaced before it ends.

        Raises:
            OAuthError: TikTok refused.

        Source: https://developers.tiktok.com/doc/client-access-token-management
        """
        self._runtime.lifecycle.check("oauth.client_token")
        return await self._runtime.tokens.client.token()

    @checked("Nobody can be logged in")
    async def import_v1(self, payload: Mapping[str, Any]) -> Account:
        """Store the token of a reply in v1's form, `{"data": {...}, "message": "success"}`.

        It is for reading until the account logs in again: TikTok does not want tokens of v1 and of v2 mixed. Only the
        scopes for reading are kept, so that a call that posts raises `ScopeNotGranted`.

        Args:
            payload: The reply, decoded. Its lifetimes count from now.

        Raises:
            OAuthError: The reply is an error.
            ConfigurationError: The reply lacks a token.

        Source: https://developers.tiktok.com/doc/legacy-user-access-guide
        and https://developers.tiktok.com/bulletin/migration-guidance-oauth-v1
        """
        self._runtime.lifecycle.check("oauth.import_v1")
        token = parse_v1_token(payload, client_key=self._runtime.client_key, now=self._runtime.clock.now())
        return self._account((await self._runtime.tokens.save_login(token)).key.open_id)

    async def _exchange(self, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None) -> Account:
        self._runtime.lifecycle.check("a login")
        grant = partial(self._grants.exchange, code, redirect_uri=redirect_uri, code_verifier=code_verifier)
        return self._account((await self._runtime.tokens.log_in(grant)).key.open_id)
