"""fastapi-sso, which has no TikTok of its own: its generic provider, set up with TikTok's field names by options."""

from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from fastapi_sso.sso.base import OpenID, SSOBase
from fastapi_sso.sso.generic import create_provider
from starlette.responses import Response

from tests.interop.addresses import SCOPES
from tiktok_async.emulator import EmulatedUser, EmulatorThread

CALLBACK = "https://app.example.com/callback"


@pytest.fixture(autouse=True)
def http_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib's own switch: the emulator has no certificate."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def provider_of(tiktok: EmulatorThread, scopes: list[str]) -> SSOBase:
    def to_openid(answer: dict[str, Any], _: object) -> OpenID:
        user = answer["data"]["user"]
        return OpenID(id=user["open_id"], display_name=user["display_name"], picture=user["avatar_url"])

    provider = create_provider(
        name="tiktok",
        default_scope=scopes,
        discovery_document={
            "authorization_endpoint": tiktok.authorize_url,
            "token_endpoint": f"{tiktok.url}/v2/oauth/token/",
            "userinfo_endpoint": f"{tiktok.url}/v2/user/info/?fields=open_id,display_name,avatar_url",
        },
        response_convertor=to_openid,
    )
    return provider(tiktok.client_key, tiktok.client_secret, CALLBACK)


def site(tiktok: EmulatorThread, sso: SSOBase, tokens: dict[str, str | None], *, with_key: bool = True) -> TestClient:
    key = {"client_key": tiktok.client_key} if with_key else {}
    app = FastAPI()

    @app.get("/login")
    async def login() -> Response:
        async with sso:
            away: Response = await sso.get_login_redirect(params={"client_key": tiktok.client_key})
            return away

    @app.get("/callback")
    async def callback(request: Request) -> OpenID | None:
        async with sso:
            who = await sso.verify_and_process(request, params={**key, "client_secret": tiktok.client_secret})
            tokens.update(access=sso.access_token, refresh=sso.refresh_token)
            return who

    return TestClient(app, base_url="https://app.example.com", follow_redirects=False)


def test_it_logs_in_and_reads_the_profile_with_client_key_as_a_parameter(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    tokens: dict[str, str | None] = {}
    browser = site(tiktok, provider_of(tiktok, [SCOPES]), tokens)
    callback = tiktok.consent(browser.get("/login").headers["location"], creator)
    who = browser.get(callback).json()
    assert (who["id"], who["display_name"]) == (creator.open_id, "Ada")
    assert tokens["access"]
    # It hands the refresh token out and never uses it: renewing is the caller's.
    assert tokens["refresh"]
    assert tiktok.refreshes[creator.open_id] == 0


def test_scopes_in_a_list_are_joined_by_spaces_and_refused_by_the_consent_page(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """TikTok differs from RFC 6749 in this, and says so: https://developers.tiktok.com/doc/login-kit-web."""
    browser = site(tiktok, provider_of(tiktok, SCOPES.split(",")), {})
    with pytest.raises(ValueError, match="scope"):
        tiktok.consent(browser.get("/login").headers["location"], creator)


def test_without_client_key_the_exchange_is_refused(tiktok: EmulatorThread, creator: EmulatedUser) -> None:
    """TikTok is right: https://developers.tiktok.com/doc/oauth-user-access-token-management has no `client_id`."""
    browser = site(tiktok, provider_of(tiktok, [SCOPES]), {}, with_key=False)
    callback = tiktok.consent(browser.get("/login").headers["location"], creator)
    with pytest.raises(Exception, match="The request parameters are malformed"):
        browser.get(callback)
