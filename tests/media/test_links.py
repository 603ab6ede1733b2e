"""Addresses of posts, made and read, and the one call to TikTok's website."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import (
    ConfigurationError,
    TikTokSession,
    TransportError,
    VideoLink,
    oembed,
    parse_video_url,
    player_url,
    video_url,
)
from tiktok_async.emulator import Emulator
from tiktok_async.models._http import RawResponse, Request

ID = "7601447475849021499"
_FLAGS = (
    *("controls", "progress_bar", "play_button", "volume_control", "fullscreen_button", "timestamp", "loop"),
    *("autoplay", "music_info", "description", "rel", "native_context_menu", "closed_caption", "muted"),
)


@given(
    st.text("abcXYZ019_.", min_size=1, max_size=24),
    st.integers(1, 2**63 - 1).map(str),
    st.sampled_from(["", "@"]),
    st.sampled_from(["", "?lang=en", "/", "#c"]),
)
def test_parse_video_url_reads_the_result_of_video_url(name: str, video_id: str, at: str, behind: str) -> None:
    link = parse_video_url(video_url(at + name, video_id) + behind)
    assert link == VideoLink(username=name, video_id=video_id)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (f"https://www.tiktok.com/@grace/photo/{ID}", "photo"),
        (f"https://m.tiktok.com/v/{ID}.html", "video"),
        (f"https://www.tiktok.com/player/v1/{ID}?loop=1", "video"),
        (f"https://www.tiktok.com/embed/v2/{ID}", "video"),
        (f"https://www.tiktok.com/embed/{ID}", "video"),
    ],
)
def test_every_form_of_an_address_is_read(url: str, kind: str) -> None:
    link = parse_video_url(url)
    assert (link.video_id, link.kind) == (ID, kind)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        f"https://tiktok.com.evil.example/@grace/video/{ID}",
        f"https://eviltiktok.com/@grace/video/{ID}",
        f"javascript://www.tiktok.com/@grace/video/{ID}",
        "https://www.tiktok.com/@grace/video/",
        "https://www.tiktok.com/@grace/video/0",
        "https://[::1/@grace",
        f"https://www.tiktok.com/@grace/video/{ID}0",
    ],
)
def test_an_address_that_is_not_of_a_post_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="address"):
        parse_video_url(url)


@pytest.mark.parametrize("url", ["https://vm.tiktok.com/ZMabc/", "https://www.tiktok.com/t/ZMabc/"])
def test_a_short_link_names_what_to_do(url: str) -> None:
    with pytest.raises(ConfigurationError, match="redirects"):
        parse_video_url(url)


def test_the_player_has_fourteen_flags_and_no_other() -> None:
    url = player_url(ID, **dict.fromkeys(_FLAGS, False))
    assert url.count("=0") == 14
    assert player_url(ID) == f"https://www.tiktok.com/player/v1/{ID}"
    with pytest.raises(ConfigurationError, match="no colour, sound; it has controls"):
        player_url(ID, sound=True, colour=True)
    with pytest.raises(ConfigurationError):
        player_url("../evil")
    with pytest.raises(ConfigurationError):
        video_url("a/b", ID)


class Website:
    """A transport that answers as TikTok's website does."""

    def __init__(self, status: int = 200, body: bytes = b'{"title": "Hi"}') -> None:
        self.requests: list[Request] = []
        self._answer = RawResponse(status=status, headers={}, body=body)

    async def send(self, request: Request) -> RawResponse:
        self.requests.append(request)
        return self._answer

    async def aclose(self) -> None:
        """Nothing was opened."""


async def test_oembed_asks_the_website_without_a_token() -> None:
    website = Website()
    url = video_url("grace", ID)
    assert await oembed(url, transport=website) == {"title": "Hi"}
    (request,) = website.requests
    assert str(request.url).startswith("https://www.tiktok.com/oembed?url=https://www.tiktok.com/@grace")
    assert set(request.headers) == {"Accept"}
    assert request.body is None


async def test_oembed_accepts_only_posts_and_profiles() -> None:
    website = Website()
    for url in ("https://evil.example/", "http://www.tiktok.com/@a", "https://x:y@www.tiktok.com/@a"):
        with pytest.raises(ConfigurationError):
            await oembed(url, transport=website)
    assert website.requests == []


@pytest.mark.parametrize(
    ("website", "error"),
    [
        (Website(404), ConfigurationError),
        (Website(302), TransportError),
        (Website(500), TransportError),
        (Website(body=b"<html>"), TransportError),
        (Website(body=json.dumps([]).encode()), TransportError),
    ],
)
async def test_a_missing_answer_of_the_website_is_a_typed_error(website: Website, error: type[Exception]) -> None:
    with pytest.raises(error):
        await oembed("https://www.tiktok.com/@grace", transport=website)


async def test_the_own_connection_of_oembed_carries_no_data_of_the_user(
    session: TikTokSession, emulator: Emulator
) -> None:
    await emulator.connect(session, emulator.add_user())  # whose token is cached
    seen: list[dict[str, str]] = []
    visited: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        visited.append(str(request.rel_url))
        if len(seen) == 3:
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return web.json_response({"title": "Hi"}, headers={"Set-Cookie": "seen=1; Path=/"})

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    async with TestServer(app) as server:
        endpoint = str(server.make_url("/oembed"))
        for _ in range(2):
            assert await oembed(video_url("grace", ID), endpoint=endpoint) == {"title": "Hi"}
        with pytest.raises(TransportError, match="302"):
            await oembed(video_url("grace", ID), endpoint=endpoint)
    assert visited == [f"/oembed?url=https://www.tiktok.com/@grace/video/{ID}"] * 3
    for headers in seen:
        assert {name.lower() for name in headers} <= {"host", "accept", "accept-encoding", "user-agent"}
        assert "token" not in str(headers).lower()
