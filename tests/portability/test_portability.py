"""The archive of a user: its scopes, the wait for it, and a download that is complete or absent."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from attrs import evolve

from tests.clocks import FastClock
from tiktok_async import (
    Account,
    ArchiveUnavailable,
    ConfigurationError,
    DataFormat,
    Endpoint,
    InvalidParams,
    PortabilityCategory,
    PortabilityState,
    ScopeNotAuthorized,
    ScopeNotGranted,
    ServerError,
    TikTokSession,
    TransportError,
)
from tiktok_async.emulator import Emulator

ALL_SINGLE = {"user.info.basic", "portability.all.single"}
ONGOING = {"user.info.basic", "portability.all.ongoing"}


async def connected(emulator: Emulator, session: TikTokSession, scopes: set[str]) -> Account:
    return await emulator.connect(session, emulator.add_user(scopes=scopes))


def change(emulator: Emulator, **quirks: Any) -> None:
    emulator.portability.quirks = evolve(emulator.portability.quirks, **quirks)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*")) + sorted(path.name for path in folder.glob(".*"))


def sent(emulator: Emulator, endpoint: Endpoint) -> int:
    return sum(request.endpoint is endpoint for request in emulator.requests)


async def test_an_archive_is_requested_awaited_and_read(
    emulator: Emulator, session: TikTokSession, tmp_path: Path
) -> None:
    account = await connected(emulator, session, ONGOING)
    request = await account.portability.add(["all_data"])
    status = await request.wait()
    assert (status.status, status.data_format) == (PortabilityState.DOWNLOADING, DataFormat.JSON)
    assert status.category_selection_list == (PortabilityCategory.ALL_DATA,)
    assert status.request_id == request.request_id
    assert status.apply_time is not None
    archive = await request.download(tmp_path / "mine.zip")
    names = [member.name for member in await archive.members()]
    assert "Profile/Profile.json" in names
    assert b"userName" in await archive.read("Profile/Profile.json")
    assert names_in(tmp_path) == ["mine.zip"]


@pytest.mark.parametrize(
    ("granted", "categories", "missing"),
    [
        ({"portability.activity.single"}, ["activity"], set()),
        ({"portability.activity.ongoing"}, ["activity"], set()),
        ({"portability.all.single"}, ["activity", "video"], set()),
        ({"portability.activity.single"}, ["all_data"], {"portability.all.single"}),
        ({"portability.activity.single"}, ["activity", "video"], {"portability.postsandprofile.single"}),
        (set(), ["direct_message"], {"portability.directmessages.single"}),
    ],
)
async def test_scopes_are_compared_with_the_categories_before_anything_is_sent(
    emulator: Emulator, session: TikTokSession, granted: set[str], categories: list[str], missing: set[str]
) -> None:
    account = await connected(emulator, session, {"user.info.basic", *granted})
    if not missing:
        await account.portability.add(categories, format="text")
        return
    with pytest.raises(ScopeNotGranted) as caught:
        await account.portability.add(categories)
    assert caught.value.missing == missing
    assert sent(emulator, Endpoint.PORTABILITY_ADD) == 0


@pytest.mark.parametrize(
    ("granted", "spent"),
    [
        ({"portability.all.single", "portability.activity.single"}, {"portability.all.single"}),
        ({"portability.all.ongoing", "portability.activity.single"}, set()),
        ({"portability.activity.ongoing"}, set()),
        ({"portability.activity.single"}, {"portability.activity.single"}),
    ],
)
async def test_the_request_names_the_single_scope_that_it_used(
    emulator: Emulator, session: TikTokSession, granted: set[str], spent: set[str]
) -> None:
    account = await connected(emulator, session, {"user.info.basic", *granted})
    assert (await account.portability.add([PortabilityCategory.ACTIVITY])).spent == spent


async def test_a_single_scope_allows_one_request(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, ALL_SINGLE)
    await account.portability.add(["video"])
    with pytest.raises(ScopeNotAuthorized):
        await account.portability.add(["video"])


@pytest.mark.parametrize("categories", [[], ["everything"], ["video", "pictures", "sounds"]])
async def test_unknown_categories_are_all_named(session: TikTokSession, categories: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await session.account("somebody").portability.add(categories)
    assert len(caught.value.problems) == max(1, len(set(categories) - {"video"}))


async def test_an_add_whose_answer_is_lost_is_not_repeated(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, ALL_SINGLE)
    emulator.fail_next(Endpoint.PORTABILITY_ADD, status=500, times=5)
    with pytest.raises(ServerError):
        await account.portability.add(["video"])
    assert sent(emulator, Endpoint.PORTABILITY_ADD) == 1


async def test_the_wait_asks_at_growing_intervals(emulator: Emulator) -> None:
    # Without a limiter, which uses the same clock for its sweeps: so every timer is the wait's.
    async with emulator.session(limiter="none://") as session:
        account = await connected(emulator, session, ONGOING)
        # Shorter than the life of a token, since a refresh sleeps by that clock, too.
        change(emulator, preparation=timedelta(minutes=90))
        request = await account.portability.add(["profile"])
        others = set(emulator.clock.timers)
        waiting = asyncio.ensure_future(request.wait())
        while not waiting.done():
            now = emulator.clock.monotonic()
            if any(timer.target > now for timer in emulator.clock.timers.keys() - others):
                emulator.clock.advance(timedelta(minutes=1))
            await asyncio.sleep(0.0005)
        assert (await waiting).status == PortabilityState.DOWNLOADING
    assert 20 <= sent(emulator, Endpoint.PORTABILITY_CHECK) <= 30


async def test_the_timeout_of_a_wait_does_not_cancel_the_request(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, ONGOING)
    change(emulator, preparation=timedelta(hours=3))
    request = await account.portability.add(["profile"])
    with pytest.raises(ArchiveUnavailable) as caught:
        await request.wait(timeout=timedelta(seconds=1))
    assert caught.value.state == "pending"
    assert request.request_id in str(caught.value)
    again = account.portability.request(request.request_id)
    assert (await again.status()).status == PortabilityState.PENDING


async def test_a_request_can_be_cancelled_while_it_is_pending(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, ONGOING)
    change(emulator, preparation=timedelta(hours=3))
    request = await account.portability.add(["profile"])
    await request.cancel()
    with pytest.raises(ArchiveUnavailable) as caught:
        await request.wait()
    assert caught.value.state == "cancelled"
    with pytest.raises(InvalidParams):
        await request.cancel()


async def test_an_expired_archive_raises_an_error(emulator: Emulator, session: TikTokSession, tmp_path: Path) -> None:
    account = await connected(emulator, session, ONGOING)
    request = await account.portability.add(["profile"])
    emulator.clock.advance(timedelta(days=5))
    with pytest.raises(ArchiveUnavailable) as caught:
        await request.wait()
    assert caught.value.state == "expired"
    with pytest.raises(InvalidParams, match="Incorrect `request_id`"):
        await request.download(tmp_path / "late.zip")
    assert not (tmp_path / "late.zip").exists()


async def test_both_words_for_direct_messages_are_one_category(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, ONGOING)
    for word in ("direct_message", "direct_messages"):
        change(emulator, category_word=word)
        request = await account.portability.add(["direct_message"])
        assert (await request.status()).category_selection_list == (PortabilityCategory.DIRECT_MESSAGE,)


@pytest.mark.parametrize("request_id", ["", "abc", "12 ", "-1"])
async def test_an_invalid_request_id_is_refused(session: TikTokSession, request_id: str) -> None:
    with pytest.raises(ConfigurationError):
        session.account("somebody").portability.request(request_id)


async def test_an_expired_token_is_refreshed_for_a_download(
    emulator: Emulator, session: TikTokSession, tmp_path: Path
) -> None:
    user = emulator.add_user(scopes=ONGOING)
    account = await emulator.connect(session, user)
    request = await account.portability.add(["profile"])
    emulator.expire_access(user)
    await request.download(tmp_path / "mine.zip")
    assert emulator.refreshes[user.open_id] == 1


class Proxy:
    """A transport between the session and the emulator that interrupts downloads."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.cuts: list[int] = []
        self.ranges: list[str | None] = []
        self.alter: Callable[[bytes], bytes] = bytes

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        async with (
            aiohttp.ClientSession() as http,
            http.request(request.method, self.target + request.path_qs, data=body, headers=headers) as answer,
        ):
            content = await answer.read()
            kept = ("Content-Type", "Content-Range")
            reported = {name: value for name, value in answer.headers.items() if name in kept}
            if not request.path.endswith("/download/") or answer.status >= 400:
                return web.Response(status=answer.status, body=content, headers=reported)
            content = self.alter(content)
            self.ranges.append(request.headers.get("Range"))
            reply = web.StreamResponse(status=answer.status, headers={**reported, "Content-Length": str(len(content))})
            await reply.prepare(request)
            cut = self.cuts.pop(0) if self.cuts else len(content)
            await reply.write(content[:cut])
            if cut < len(content):
                assert request.transport is not None
                request.transport.close()
            return reply


@pytest.fixture
async def proxy(emulator: Emulator) -> AsyncIterator[tuple[Proxy, str]]:
    proxy = Proxy(emulator.url)
    runner = web.ServerRunner(web.Server(proxy, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield proxy, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize("ranges", [True, False])
async def test_an_interrupted_download_continues(
    emulator: Emulator, proxy: tuple[Proxy, str], tmp_path: Path, *, ranges: bool
) -> None:
    middle, url = proxy
    change(emulator, ranges=ranges, archive_size=3_000_000)
    async with emulator.session(base_url=url, clock=FastClock(emulator)) as session:
        account = await connected(emulator, session, ONGOING)
        request = await account.portability.add(["all_data"])
        middle.cuts = [1_500_000, 700_000]
        archive = await request.download(tmp_path / "mine.zip")
    assert middle.ranges[0] is None
    assert [asked is not None for asked in middle.ranges[1:]] == [True, True]
    assert {member.name: member.size for member in await archive.members()}["Posts/videos.bin"] == 3_000_000
    with zipfile.ZipFile(archive.path) as zipped:
        assert zipped.testzip() is None
    assert names_in(tmp_path) == ["mine.zip"]


async def test_the_next_process_continues_where_the_last_one_was_killed(
    emulator: Emulator, proxy: tuple[Proxy, str], tmp_path: Path
) -> None:
    middle, url = proxy
    change(emulator, ranges=True, archive_size=2_000_000)
    target = tmp_path / "mine.zip"
    target.write_bytes(b"what was there before")
    async with emulator.session(base_url=url, clock=FastClock(emulator)) as session:
        account = await connected(emulator, session, ONGOING)
        request = await account.portability.add(["all_data"])
        middle.cuts = [1_200_000, *[0] * 20]
        with pytest.raises(TransportError):
            await request.download(target)
        assert target.read_bytes() == b"what was there before", "never half a file under the final name"
        middle.cuts, middle.ranges = [], []
        await account.portability.request(request.request_id).download(target)
    (asked,) = middle.ranges
    assert asked is not None
    assert 1_000_000 < int(asked.removeprefix("bytes=").removesuffix("-")) <= 1_200_000
    with zipfile.ZipFile(target) as zipped:
        assert zipped.testzip() is None


async def test_a_part_of_another_download_is_deleted(
    emulator: Emulator, session: TikTokSession, tmp_path: Path
) -> None:
    account = await connected(emulator, session, ONGOING)
    change(emulator, ranges=True, archive_size=500_000)
    request = await account.portability.add(["all_data"])
    part = tmp_path / f".mine.zip.{request.request_id}.part"
    for left_over in (b"PK" + b"x" * 400_000, b"y" * 5_000_000):
        part.write_bytes(left_over)
        archive = await request.download(tmp_path / "mine.zip")
        with zipfile.ZipFile(archive.path) as zipped:
            assert zipped.testzip() is None
        assert not part.exists()


@pytest.mark.parametrize(
    "alter", [lambda content: content[: len(content) // 2], lambda _: b"<html>no</html>", lambda _: b""]
)
async def test_an_invalid_archive_never_gets_the_final_name(
    emulator: Emulator, proxy: tuple[Proxy, str], tmp_path: Path, alter: Callable[[bytes], bytes]
) -> None:
    middle, url = proxy
    async with emulator.session(base_url=url) as session:
        account = await connected(emulator, session, ONGOING)
        request = await account.portability.add(["profile"])
        middle.alter = alter
        with pytest.raises(ServerError, match="not a complete archive"):
            await request.download(tmp_path / "mine.zip")
    assert names_in(tmp_path) == []


async def test_a_missing_folder_raises_an_error(emulator: Emulator, session: TikTokSession, tmp_path: Path) -> None:
    account = await connected(emulator, session, ONGOING)
    request = await account.portability.add(["profile"])
    with pytest.raises(ConfigurationError, match="which is not a folder"):
        await request.download(tmp_path / "nowhere" / "mine.zip")


async def test_a_cancelled_download_closes_its_file_and_leaves_the_final_name_alone(
    emulator: Emulator, session: TikTokSession, tmp_path: Path
) -> None:
    account = await connected(emulator, session, ONGOING)
    change(emulator, archive_size=20_000_000)
    request = await account.portability.add(["all_data"])
    whole = 0
    for turns in range(0, 120, 7):
        downloading = asyncio.ensure_future(request.download(tmp_path / "mine.zip"))
        for _ in range(turns):
            await asyncio.sleep(0)
        downloading.cancel()
        try:
            await downloading
            whole += 1
        except asyncio.CancelledError:
            assert not (tmp_path / "mine.zip").exists()
    assert whole == 0
    await request.download(tmp_path / "mine.zip")
    assert names_in(tmp_path) == ["mine.zip"]
