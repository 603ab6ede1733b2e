"""marqetive-lib, asynchronous and for nine platforms; it needs Python 3.12."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from marqetive import AuthCredentials, PlatformFactory
from marqetive.core.exceptions import PlatformAuthError
from marqetive.platforms.tiktok.client import TikTokClient
from marqetive.utils.oauth import fetch_tiktok_token

from tests.interop.addresses import CALLBACK, SCOPES, code_of, here
from tiktok_async.emulator import EmulatedUser, EmulatorThread

SIZE = 68 * 1024 * 1024  # more than its plan sends in one chunk: five of 10 MiB, and the rest


@pytest.fixture(autouse=True)
def at_the_emulator(tiktok: EmulatorThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send its requests to the emulator: the addresses are constants in three of its modules, the client is one."""
    build = httpx.AsyncClient.build_request

    def build_request(client: httpx.AsyncClient, method: str, url: Any, **more: Any) -> httpx.Request:
        request = build(client, method, url, **more)
        request.url = httpx.URL(here(tiktok, str(request.url)))
        request.headers["Host"] = request.url.netloc.decode()
        return request

    monkeypatch.setattr(httpx.AsyncClient, "build_request", build_request)


async def log_in(tiktok: EmulatorThread, user: EmulatedUser) -> AuthCredentials:
    """Log in: the library exchanges codes, and leaves the URL of the consent page to its caller."""
    asked = {"client_key": tiktok.client_key, "response_type": "code", "scope": SCOPES, "redirect_uri": CALLBACK}
    callback = tiktok.consent(f"{tiktok.authorize_url}?{urlencode(asked)}", user)
    token = await fetch_tiktok_token(code_of(callback), tiktok.client_key, tiktok.client_secret, CALLBACK)
    return AuthCredentials(
        platform="tiktok",
        access_token=token["access_token"],
        refresh_token=token["refresh_token"],
        username=user.username,
        additional_data={"open_id": token["open_id"]},
    )


def factory_of(tiktok: EmulatorThread) -> PlatformFactory:
    return PlatformFactory(tiktok_client_id=tiktok.client_key, tiktok_client_secret=tiktok.client_secret)


async def test_it_logs_in_and_lists_every_video(tiktok: EmulatorThread, creator: EmulatedUser) -> None:
    client = await factory_of(tiktok).get_client(await log_in(tiktok, creator))
    assert isinstance(client, TikTokClient)
    async with client:
        assert await client.is_authenticated()
        assert len({ref.platform_post_id for ref in await client.list_native_post_ids(limit=100)}) == 25


async def test_it_refreshes_an_expired_token_and_keeps_the_rotated_one(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    kept = await log_in(tiktok, creator)
    used = kept.refresh_token
    kept.expires_at = datetime(2020, 1, 1, tzinfo=UTC)
    async with await factory_of(tiktok).get_client(kept) as client:
        assert await client.is_authenticated()
    assert kept.refresh_token != used
    assert tiktok.refreshes[creator.open_id] == 1


async def test_two_processes_with_one_account_use_a_refresh_token_twice(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """TikTok is right: a refresh token works once; the library has no lock.

    https://developers.tiktok.com/doc/oauth-user-access-token-management
    """
    kept = await log_in(tiktok, creator)
    kept.expires_at = datetime(2020, 1, 1, tzinfo=UTC)
    other = kept.model_copy()
    await factory_of(tiktok).get_client(kept)
    with pytest.raises(PlatformAuthError):
        await factory_of(tiktok).get_client(other)
    assert tiktok.reuses[creator.open_id] == 1


async def test_it_uploads_in_chunks_of_the_documented_plan(
    tiktok: EmulatorThread, creator: EmulatedUser, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    with clip.open("wb") as file:
        file.write(bytes(4) + b"ftypisom")
        file.truncate(SIZE)
    async with await factory_of(tiktok).get_client(await log_in(tiktok, creator)) as client:
        assert isinstance(client, TikTokClient)
        accepted = await client.upload_media(str(clip), "video")
        status = await client.check_publish_status(accepted.media_id)
    assert status.status == "PUBLISH_COMPLETE"
    assert [request.status for request in tiktok.requests.to("upload")] == [206] * 5 + [201]
    assert not tiktok.leaked_bearer


async def test_a_single_video_is_asked_for_with_its_fields_in_the_body_and_refused(
    tiktok: EmulatorThread, creator: EmulatedUser
) -> None:
    """TikTok is right: `fields` is a parameter of the query in every example of its page.

    https://developers.tiktok.com/doc/tiktok-api-v2-video-query
    """
    async with await factory_of(tiktok).get_client(await log_in(tiktok, creator)) as client:
        assert isinstance(client, TikTokClient)
        newest = (await client.list_native_post_ids(limit=1))[0].platform_post_id
        with pytest.raises(httpx.HTTPStatusError, match="400 Bad Request"):
            await client.get_post(newest)
