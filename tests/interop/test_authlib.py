"""Authlib's asynchronous client, configured with TikTok's field names by its public options."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlencode

import pytest
from attrs import evolve
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from tests.interop.addresses import CALLBACK, SCOPES
from tiktok_async.emulator import EmulatedUser, EmulatorThread

Headers = MutableMapping[str, str]
Signed = tuple[str, Headers, str]


def token_url(tiktok: EmulatorThread) -> str:
    return f"{tiktok.url}/v2/oauth/token/"


def as_it_is(client: AsyncOAuth2Client, _: str, uri: str, headers: Headers, body: bytes) -> Signed:
    """Put `client_key` and the secret into the form: a way of authentication that Authlib lets its users add."""
    form = urlencode({"client_key": client.client_id, "client_secret": client.client_secret})
    return uri, headers, f"{body.decode()}&{form}"


def client_of(tiktok: EmulatorThread, saved: list[dict[str, Any]], **options: Any) -> AsyncOAuth2Client:
    """Make a client that sends the form with the content type of TikTok's page."""

    def with_key(client: AsyncOAuth2Client, _: str, uri: str, headers: Headers, body: bytes) -> Signed:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return as_it_is(client, _, uri, headers, body)

    async def save(token: dict[str, Any], **_: object) -> None:
        saved.append(dict(token))

    client = AsyncOAuth2Client(
        tiktok.client_key,
        tiktok.client_secret,
        redirect_uri=CALLBACK,
        scope=SCOPES,
        token_endpoint=token_url(tiktok),
        token_endpoint_auth_method="tiktok",
        update_token=save,
        **options,
    )
    client.register_client_auth_method(("tiktok", with_key))
    return client


async def log_in(tiktok: EmulatorThread, user: EmulatedUser, client: AsyncOAuth2Client) -> None:
    extra = {} if client.code_challenge_method is None else {"code_verifier": "v" * 64}
    url, _ = client.create_authorization_url(tiktok.authorize_url, client_key=tiktok.client_key, **extra)
    callback = tiktok.consent(url, user)
    await client.fetch_token(token_url(tiktok), authorization_response=callback, **extra)


async def test_it_logs_in_reads_and_refreshes_by_itself_with_client_key_in_the_form(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    saved: list[dict[str, Any]] = []
    async with client_of(tiktok, saved) as client:
        await log_in(tiktok, creator, client)
        first = dict(client.token)
        answer = await client.get(f"{tiktok.url}/v2/user/info/", params={"fields": "open_id,display_name"})
        assert answer.json()["data"]["user"] == {"open_id": creator.open_id, "display_name": "Ada"}
        client.token = {**first, "expires_at": 1}
        answer = await client.post(f"{tiktok.url}/v2/video/list/", params={"fields": "id"}, json={"max_count": 20})
        assert len(answer.json()["data"]["videos"]) == 20
    assert [token["refresh_token"] != first["refresh_token"] for token in saved] == [True]
    assert (tiktok.refreshes[creator.open_id], tiktok.reuses[creator.open_id]) == (1, 0)


async def test_two_clients_with_one_token_use_a_refresh_token_twice(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """TikTok is right: a refresh token works once. The lock that Authlib has is one client's own.

    https://developers.tiktok.com/doc/oauth-user-access-token-management
    """
    async with client_of(tiktok, []) as first, client_of(tiktok, []) as second:
        await log_in(tiktok, creator, first)
        second.token = dict(first.token)
        await first.refresh_token(token_url(tiktok))
        with pytest.raises(OAuthError, match="Refresh token is invalid"):
            await second.refresh_token(token_url(tiktok))
    assert tiktok.reuses[creator.open_id] == 1


async def test_its_own_content_type_has_a_charset_which_tiktok_is_reported_to_refuse(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """TikTok's page gives the type without one; clients report `invalid_request` with it, so both sides are played.

    https://developers.tiktok.com/doc/oauth-user-access-token-management
    """
    async with client_of(tiktok, []) as client:
        client.register_client_auth_method(("tiktok", as_it_is))
        with pytest.raises(OAuthError, match="The request parameters are malformed"):
            await log_in(tiktok, creator, client)
        tiktok.quirks = evolve(tiktok.quirks, form_charset="accepted")
        await log_in(tiktok, creator, client)
        assert client.token["open_id"] == creator.open_id


async def test_with_basic_authentication_it_is_refused(tiktok: EmulatorThread, creator: EmulatedUser) -> None:
    """TikTok is right: the key and the secret are fields of the form.

    https://developers.tiktok.com/doc/oauth-user-access-token-management
    """
    async with AsyncOAuth2Client(
        tiktok.client_key, tiktok.client_secret, redirect_uri=CALLBACK, scope=SCOPES
    ) as client:
        with pytest.raises(OAuthError, match="The request parameters are malformed"):
            await log_in(tiktok, creator, client)


async def test_its_pkce_is_base64url_and_refused_at_the_exchange_unless_tiktok_ignores_it(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """RFC 7636 has base64url; TikTok's desktop page demands hex, its web page has no challenge.

    https://developers.tiktok.com/doc/login-kit-desktop
    """
    async with client_of(tiktok, [], code_challenge_method="S256") as client:
        with pytest.raises(OAuthError, match="Code verifier or code challenge is invalid"):
            await log_in(tiktok, creator, client)
        tiktok.quirks = evolve(tiktok.quirks, web_challenge="ignored")
        await log_in(tiktok, creator, client)
        assert client.token["open_id"] == creator.open_id
