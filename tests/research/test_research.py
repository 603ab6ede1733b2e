"""The Research API beside the walk: users, comments, playlists, shops, compliance, ads."""

from collections.abc import Callable
from contextlib import aclosing
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import pytest
from attrs import evolve

from tests.clocks import FastClock
from tiktok_async import (
    ComplianceState,
    ConfigurationError,
    Endpoint,
    InvalidParams,
    OAuthError,
    Pages,
    ScopeNotAuthorized,
    ServerError,
    TikTokError,
    TikTokSession,
    VideoTagMeaning,
)
from tiktok_async.emulator import Emulator, ResearchData

USER = "emu_user_0001"


@pytest.fixture
def clock(emulator: Emulator) -> FastClock:
    return FastClock(emulator)


def change(emulator: Emulator, **quirks: Any) -> None:
    emulator.research.quirks = evolve(emulator.research.quirks, **quirks)


def sent(emulator: Emulator, endpoint: Endpoint) -> list[Any]:
    return [request for request in emulator.requests if request.endpoint is endpoint]


async def test_a_profile_has_every_field(session: TikTokSession) -> None:
    user = await session.research.user("emu_user_0000")
    assert (user.username, user.display_name, user.is_verified) == ("emu_user_0000", "Emu User 0", True)
    assert None not in (user.follower_count, user.following_count, user.likes_count, user.video_count, user.bio_url)
    some = await session.research.user(USER, fields=["follower_count"])
    assert some.follower_count is not None
    assert some.video_count is None


@pytest.mark.parametrize("name", ["", "@emu", "a b", "https://www.tiktok.com/@emu", "x" * 300, "a\n", None])
async def test_an_invalid_username_costs_no_quota(emulator: Emulator, session: TikTokSession, name: Any) -> None:
    for ask in (session.research.followers, session.research.liked_videos, session.research.pinned_videos):
        with pytest.raises(ConfigurationError):
            ask(name)
    with pytest.raises(ConfigurationError):
        await session.research.user(name)
    assert len(emulator.requests) == 0


async def test_an_unknown_user_is_refused_by_tiktok(session: TikTokSession) -> None:
    with pytest.raises(InvalidParams, match="cannot find the user"):
        await session.research.user("nobody")


@pytest.mark.parametrize("unit", ["s", "ms"])
async def test_liked_videos_come_page_by_page_whatever_the_unit_of_their_cursor(
    emulator: Emulator, session: TikTokSession, unit: str
) -> None:
    change(emulator, liked_cursor=unit)
    for user in (emulator.research.data.username(number) for number in range(50) if number % 5 != 4):
        everything = [video.id async for video in session.research.liked_videos(user)]
        assert len(set(everything)) == len(everything)
        if len(everything) > 100:
            await _continues(partial(_liked, session, user), everything)
            return
    pytest.fail("nobody liked enough")


def _liked(session: TikTokSession, user: str, cursor: int | None) -> Pages[Any]:
    return session.research.liked_videos(user, cursor=cursor)


async def _continues(listing: Callable[[int | None], Pages[Any]], everything: list[str]) -> None:
    async with aclosing(listing(None).pages()) as pages:
        page = await anext(pages)
    assert page.has_more
    rest = await listing(page.cursor).collect()
    assert [item.id for item in (*page.items, *rest)] == everything


async def test_likes_of_a_discreet_user_are_refused(session: TikTokSession) -> None:
    with pytest.raises(InvalidParams, match="private"):
        await session.research.liked_videos("emu_user_0004").first()


@pytest.mark.parametrize("key", ["reposted_videos", "user_reposted_videos"])
async def test_reposted_videos_come_under_either_key(emulator: Emulator, session: TikTokSession, key: str) -> None:
    change(emulator, reposted_key=key)
    everything = [video.id async for video in session.research.reposted_videos(USER)]
    assert len(set(everything)) == len(everything) > 0


async def test_pinned_videos_are_one_page(emulator: Emulator, session: TikTokSession) -> None:
    assert len(await session.research.pinned_videos(USER).collect()) == 3
    (request,) = sent(emulator, Endpoint.RESEARCH_PINNED_VIDEOS)
    assert request.json == {"username": USER}


async def test_a_tag_of_any_endpoint_has_the_same_meaning(emulator: Emulator, session: TikTokSession) -> None:
    emulator.research.data = ResearchData(videos=200, users=1, days=20)
    days: dict[str, Any] = {"start": date(2026, 8, 1), "end": date(2026, 8, 25)}
    queried = {video.id: video async for video in session.research.videos(_anything(), **days)}
    meanings = set()
    async for video in session.research.liked_videos("emu_user_0000"):
        tag, other = video.video_tag, queried[video.id].video_tag
        assert (tag and tag.meaning) == (other and other.meaning)
        meanings.add(tag and tag.meaning)
        assert [effect.effect_photo_url for effect in video.effect_info_list] == [
            effect.effect_photo_url for effect in queried[video.id].effect_info_list
        ]
    assert VideoTagMeaning.AI_GENERATED in {video.video_tag and video.video_tag.meaning for video in queried.values()}


def _anything() -> dict[str, Any]:
    return {"not": [{"operation": "EQ", "field_name": "username", "field_values": ["nobody"]}]}


async def test_a_follower_listing_ends_where_tiktok_ends_it(emulator: Emulator, session: TikTokSession) -> None:
    found = [user.username async for user in session.research.followers("emu_user_0000")]
    assert len(set(found)) == len(found) == 5_000
    cursors = [request.json.get("cursor") for request in sent(emulator, Endpoint.RESEARCH_FOLLOWERS)]
    assert len(set(cursors)) == len(cursors) == 50
    assert {request.json["max_count"] for request in sent(emulator, Endpoint.RESEARCH_FOLLOWERS)} == {100}
    assert len(await session.research.following(USER).collect()) == 2
    assert len(await session.research.followers("emu_user_0000", limit=130).collect()) == 130


async def test_comments_are_followed_by_their_replies(emulator: Emulator, session: TikTokSession) -> None:
    video = next(one for one in emulator.research.data.all if 120 < one.comment_count < 300)
    bare = await session.research.comments(str(video.id)).collect()
    assert [comment.is_reply for comment in bare] == [False] * video.comment_count
    whole = await session.research.comments(str(video.id), with_replies=True).collect()
    assert [comment for comment in whole if not comment.is_reply] == bare
    assert len(whole) == len(bare) + sum(comment.reply_count or 0 for comment in bare)
    parent = None
    for comment in whole:
        parent = parent if comment.is_reply else comment.id
        assert comment.parent_comment_id == (parent if comment.is_reply else str(video.id))
    first = next(comment for comment in bare if comment.reply_count)
    assert len(await session.research.replies(first.id).collect()) == first.reply_count


async def test_a_limited_listing_with_replies_continues_without_a_gap(
    emulator: Emulator, session: TikTokSession
) -> None:
    video = next(one for one in emulator.research.data.all if 120 < one.comment_count < 300)
    whole = [one.id for one in await session.research.comments(str(video.id), with_replies=True).collect()]
    pages = [page async for page in session.research.comments(str(video.id), with_replies=True, limit=30).pages()]
    assert [one.id for page in pages for one in page.items] == whole[:30]
    rest = session.research.comments(str(video.id), with_replies=True, cursor=pages[-1].cursor)
    assert {one.id for one in await rest.collect()} >= set(whole[30:])


@pytest.mark.parametrize("video_id", ["", "abc", "-1", "1.5", "\u0661"])
async def test_an_invalid_id_costs_no_quota(session: TikTokSession, video_id: str) -> None:
    with pytest.raises(ConfigurationError):
        session.research.comments(video_id)
    with pytest.raises(ConfigurationError):
        await session.research.playlist(video_id)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_playlist_is_complete_even_if_its_status_is_wrong(
    emulator: Emulator, session: TikTokSession, *, fails: bool
) -> None:
    emulator.research.data = ResearchData(videos=30_000)
    change(emulator, playlist_fails=fails)
    playlist_id = next(video.playlist_id for video in emulator.research.data.all if video.playlist_id)
    playlist = await session.research.playlist(str(playlist_id))
    assert playlist.playlist_id == str(playlist_id)
    assert len(set(playlist.playlist_video_ids)) == playlist.playlist_item_total
    assert playlist.playlist_item_total is not None
    assert playlist.playlist_item_total > 100
    assert playlist.playlist_name


@pytest.mark.parametrize("envelope", [False, True])
async def test_shops_products_and_reviews(emulator: Emulator, session: TikTokSession, *, envelope: bool) -> None:
    change(emulator, shop_error=envelope)
    shops = await session.research.shop("Emu Shop 1")
    assert len(shops) == 10
    assert len(await session.research.shop("Emu Shop 1", limit=3)) == 3
    assert shops[0].shop_id is not None
    products = await session.research.shop_products(shops[0].shop_id).collect()
    assert len({product.product_id for product in products}) == 23
    assert products[0].product_price[0].endswith("GBP")
    assert products[0].product_rating_5_count is not None
    assert products[0].product_id is not None
    reviews = await session.research.shop_reviews(products[0].product_id).collect()
    assert len(reviews) == 21
    assert all(review.create_time is not None and review.create_time.year == 2026 for review in reviews)
    for request in sent(emulator, Endpoint.RESEARCH_SHOP_PRODUCTS):
        assert [request.json["fields"]] == parse_qs(request.query)["fields"]


async def test_a_limited_shop_listing_continues_without_a_gap(session: TikTokSession) -> None:
    shop_id = "7495177166735509000"
    whole = [one.product_id for one in await session.research.shop_products(shop_id).collect()]
    pages = [page async for page in session.research.shop_products(shop_id, limit=15).pages()]
    assert [len(page.items) for page in pages] == [10, 5]
    rest = await session.research.shop_products(shop_id, cursor=pages[-1].cursor).collect()
    assert [one.product_id for one in rest] == whole[10:]


async def test_stored_ids_are_compared_with_the_public_videos(emulator: Emulator, session: TikTokSession) -> None:
    change(emulator, task_takes=timedelta(minutes=3))
    public = [str(video.id) for video in emulator.research.data.all[:50]]
    task = await session.research.compliance([*public, "1", "2"])
    assert await task.status() == ComplianceState.PROCESSING
    with pytest.raises(InvalidParams, match="still processing"):
        await task.valid_ids()
    await task.wait()
    assert await session.research.compliance_task(task.task_id).valid_ids() == public
    assert int(task.task_id) > 2**63, "TikTok's sample does not fit a signed number"
    gone = await session.research.compliance(["1"], "comment")
    await gone.wait()
    assert await gone.valid_ids() == []


async def test_a_task_that_takes_too_long_can_be_waited_for_again(emulator: Emulator, session: TikTokSession) -> None:
    change(emulator, task_takes=timedelta(hours=3))
    task = await session.research.compliance(["1"])
    with pytest.raises(TikTokError, match="still Processing"):
        await task.wait(timeout=timedelta(minutes=1))
    await task.wait(timeout=timedelta(hours=4))


@pytest.mark.parametrize("ids", [[], ["x"], ["1"] * 10_001, "123"])
async def test_a_task_is_refused_before_it_costs_quota(emulator: Emulator, session: TikTokSession, ids: Any) -> None:
    with pytest.raises(ConfigurationError):
        await session.research.compliance(ids)
    assert len(emulator.requests) == 0


async def test_an_invalid_file_of_ids_raises_an_error(emulator: Emulator, session: TikTokSession) -> None:
    task = await session.research.compliance(["1"])
    emulator.fail_next(Endpoint.RESEARCH_VALIDATION_DOWNLOAD, body="<html>busy</html>")
    with pytest.raises(ServerError, match="not a list of ids"):
        await task.valid_ids()
    emulator.fail_next(Endpoint.RESEARCH_VALIDATION_DOWNLOAD, body='{"data": {}, "error": {"code": "ok"}}')
    with pytest.raises(ServerError, match="JSON in place of the requested file"):
        await task.valid_ids()


async def test_a_download_takes_the_path_of_every_other_call(emulator: Emulator, session: TikTokSession) -> None:
    task = await session.research.compliance(["1"])
    emulator.fail_next(Endpoint.RESEARCH_VALIDATION_DOWNLOAD, status=500)
    used = emulator.research.quota.used
    assert await task.valid_ids() == []
    assert emulator.research.quota.used == used + 2
    assert (await session.research.quota()).used == emulator.research.quota.used
    emulator.fail_next(Endpoint.RESEARCH_VALIDATION_DOWNLOAD, status=401, code="access_token_invalid")
    assert await task.valid_ids() == []


async def test_ads_and_advertisers_are_found(session: TikTokSession) -> None:
    span: dict[str, Any] = {"start": date(2026, 1, 1), "end": date(2026, 4, 30)}
    ads = await session.research.ads.query(**span).collect()
    assert len({ad["ad"]["id"] for ad in ads}) == 120
    assert len(await session.research.ads.query(**span, search_term="advertiser 3", limit=5).collect()) == 5
    assert (await session.research.ads.ad(str(ads[0]["ad"]["id"])))["ad"] == ads[0]["ad"]
    assert "count_time_series_by_country" in await session.research.ads.report(**span)
    assert len(await session.research.ads.advertisers("emu", limit=7)) == 7
    assert len(await session.research.ads.contents(**span).collect()) == 120


async def test_invalid_searches_for_ads_are_refused_before_any_request(session: TikTokSession) -> None:
    with pytest.raises(ConfigurationError):
        session.research.ads.query(start=date(2026, 2, 1), end=date(2026, 1, 1))
    with pytest.raises(ConfigurationError):
        await session.research.ads.advertisers("x" * 51)


async def test_an_app_without_the_scope_gets_scope_not_granted() -> None:
    async with Emulator(app_scopes=["user.info.basic"]) as emulator, emulator.session() as session:
        with pytest.raises((ScopeNotAuthorized, OAuthError)):
            await session.research.user(USER)


async def test_each_endpoint_is_asked_by_its_own_spelling_of_favorites(
    emulator: Emulator, session: TikTokSession
) -> None:
    research = session.research
    for endpoint, pages, word in (
        (Endpoint.RESEARCH_LIKED_VIDEOS, research.liked_videos(USER), "favourites_count"),
        (Endpoint.RESEARCH_REPOSTED_VIDEOS, research.reposted_videos(USER), "favourites_count"),
        (Endpoint.RESEARCH_PINNED_VIDEOS, research.pinned_videos(USER), "favorites_count"),
    ):
        video = await pages.first()
        assert video is None or video.favorites_count is not None
        (request,) = sent(emulator, endpoint)
        assert word in parse_qs(request.query)["fields"][0].split(",")
