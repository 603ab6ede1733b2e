"""requests-oauthlib: a general OAuth client, configured with TikTok's field names by its public options."""

from typing import Any

import pytest
import requests
from attrs import evolve
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth2Session

from tests.interop.addresses import CALLBACK, SCOPES
from tiktok_async.emulator import EmulatedUser, EmulatorThread

BYTES = bytes(range(256)) * 4_000


@pytest.fixture(autouse=True)
def http_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib's own switch: the emulator has no certificate."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def token_url(tiktok: EmulatorThread) -> str:
    return f"{tiktok.url}/v2/oauth/token/"


def keys(tiktok: EmulatorThread) -> dict[str, str]:
    return {"client_key": tiktok.client_key, "client_secret": tiktok.client_secret}


def logged_in(tiktok: EmulatorThread, user: EmulatedUser) -> OAuth2Session:
    session: OAuth2Session = OAuth2Session(
        tiktok.client_key,
        redirect_uri=CALLBACK,
        scope=SCOPES,
        auto_refresh_url=token_url(tiktok),
        auto_refresh_kwargs=keys(tiktok),
        token_updater=lambda token: setattr(session, "token", token),
    )
    url, _ = session.authorization_url(tiktok.authorize_url, client_key=tiktok.client_key)
    callback = tiktok.consent(url, user)
    session.fetch_token(
        token_url(tiktok),
        authorization_response=callback,
        include_client_id=True,
        **keys(tiktok),
    )
    return session


def videos_of(session: OAuth2Session, tiktok: EmulatorThread) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    body: dict[str, Any] = {"max_count": 20}
    while True:
        page = session.post(f"{tiktok.url}/v2/video/list/", params={"fields": "id,title"}, json=body).json()["data"]
        found += page["videos"]
        if not page["has_more"]:
            return found
        body["cursor"] = page["cursor"]


def test_it_logs_in_and_reads_with_client_key_beside_its_own_client_id(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    session = logged_in(tiktok, creator)
    answer = session.get(f"{tiktok.url}/v2/user/info/", params={"fields": "open_id,display_name,username"})
    assert answer.json()["data"]["user"] == {"open_id": creator.open_id, "display_name": "Ada", "username": "ada"}
    assert len({video["id"] for video in videos_of(session, tiktok)}) == 25


def test_it_refreshes_an_expired_token_by_itself_and_keeps_the_rotated_one(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    session = logged_in(tiktok, creator)
    used = session.token["refresh_token"]
    session.token = {**session.token, "expires_in": -1, "expires_at": 1}
    assert len(videos_of(session, tiktok)) == 25
    assert session.token["refresh_token"] != used
    assert (tiktok.refreshes[creator.open_id], tiktok.reuses[creator.open_id]) == (1, 0)


def test_it_uploads_a_video_in_one_chunk(tiktok: EmulatorThread, creator: EmulatedUser) -> None:
    session = logged_in(tiktok, creator)
    size = len(BYTES)
    init = session.post(
        f"{tiktok.url}/v2/post/publish/video/init/",
        json={
            "post_info": {"privacy_level": "SELF_ONLY", "title": "by requests"},
            "source_info": {
                "source": "FILE_UPLOAD",
                "video_size": size,
                "chunk_size": size,
                "total_chunk_count": 1,
            },
        },
    ).json()["data"]
    # Without the session: `upload_url` is a credential by itself, and the media transfer guide shows no other.
    chunk = requests.put(
        init["upload_url"],
        data=BYTES,
        headers={"Content-Type": "video/mp4", "Content-Range": f"bytes 0-{size - 1}/{size}"},
        timeout=30,
    )
    assert chunk.status_code == 201
    status = session.post(f"{tiktok.url}/v2/post/publish/status/fetch/", json={"publish_id": init["publish_id"]})
    assert status.json()["data"]["status"] == "PUBLISH_COMPLETE"
    assert not tiktok.leaked_bearer


def test_without_client_key_the_exchange_is_refused(tiktok: EmulatorThread, creator: EmulatedUser) -> None:
    """TikTok is right: `client_key` is in its table of the token endpoint, `client_id` is not.

    https://developers.tiktok.com/doc/oauth-user-access-token-management
    """
    session = OAuth2Session(tiktok.client_key, redirect_uri=CALLBACK, scope="user.info.basic")
    url, _ = session.authorization_url(tiktok.authorize_url, client_key=tiktok.client_key)
    callback = tiktok.consent(url, creator)
    with pytest.raises(OAuth2Error, match="The request parameters are malformed"):
        session.fetch_token(
            token_url(tiktok),
            authorization_response=callback,
            include_client_id=True,
            client_secret=tiktok.client_secret,
        )


def test_a_list_of_scopes_is_joined_by_spaces_and_refused_by_the_consent_page(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """TikTok differs from RFC 6749 in this, and says so: a comma separated string.

    https://developers.tiktok.com/doc/login-kit-web
    """
    session = OAuth2Session(tiktok.client_key, redirect_uri=CALLBACK, scope=SCOPES.split(","))
    url, _ = session.authorization_url(tiktok.authorize_url, client_key=tiktok.client_key)
    with pytest.raises(ValueError, match="scope"):
        tiktok.consent(url, creator)


def test_fewer_scopes_than_asked_for_are_an_error_unless_they_are_allowed(
    tiktok: EmulatorThread, creator: EmulatedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are right by their own page: a creator may uncheck a scope, and oauthlib wants to be told of it."""
    creator.scopes = frozenset({"user.info.basic"})
    with pytest.raises(Warning, match="Scope has changed"):
        logged_in(tiktok, creator)
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    assert logged_in(tiktok, creator).token["scope"] == ["user.info.basic"]


def test_its_pkce_is_base64url_and_refused_at_the_exchange_unless_tiktok_ignores_it(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """RFC 7636 has base64url; TikTok's desktop page demands hex, its web page has no challenge.

    https://developers.tiktok.com/doc/login-kit-desktop
    """

    def log_in() -> OAuth2Session:
        session = OAuth2Session(tiktok.client_key, redirect_uri=CALLBACK, scope="user.info.basic", pkce="S256")
        url, _ = session.authorization_url(tiktok.authorize_url, client_key=tiktok.client_key)
        callback = tiktok.consent(url, creator)
        session.fetch_token(token_url(tiktok), authorization_response=callback, include_client_id=True, **keys(tiktok))
        return session

    with pytest.raises(OAuth2Error, match="Code verifier or code challenge is invalid"):
        log_in()
    tiktok.quirks = evolve(tiktok.quirks, web_challenge="ignored")
    assert log_in().authorized
