"""Users, comments, lists, playlists, shop, compliance and ads of the Research API."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from attrs import evolve

from tests.emulator.conftest import Answer, Raw
from tiktok_async.models import Endpoint

Ask = Callable[..., Awaitable[Answer]]
USER, PRIVATE = "emu_user_0001", "emu_user_0004"


@pytest.fixture
async def token(raw: Raw) -> str:
    return str((await raw.form(Endpoint.TOKEN, grant_type="client_credentials")).data["access_token"])


@pytest.fixture
def ask(raw: Raw, token: str) -> Ask:
    async def call(endpoint: Endpoint, fields: str | None = None, **body: Any) -> Answer:
        return await raw.call(endpoint, token, json=body, fields=fields)

    return call


def change(raw: Raw, **quirks: Any) -> None:
    raw.emulator.research.quirks = evolve(raw.emulator.research.quirks, **quirks)


async def walk(ask: Ask, endpoint: Endpoint, key: str, fields: str | None = None, **body: Any) -> list[Any]:
    """Return every item of a listing with a cursor."""
    items: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        answer = await ask(endpoint, fields, **body, **more)
        assert answer.code == "ok", answer.data
        items += answer.data["data"][key]
        if not answer.data["data"]["has_more"]:
            return items
        assert answer.data["data"]["cursor"] != more.get("cursor")
        more = {"cursor": answer.data["data"]["cursor"]}


async def test_a_user_has_the_requested_fields(ask: Ask) -> None:
    fields = "display_name,bio_description,avatar_url,is_verified,follower_count,following_count,likes_count"
    data = (await ask(Endpoint.RESEARCH_USER_INFO, f"{fields},video_count,bio_url", username=USER)).data["data"]
    assert set(data) == {"username", *fields.split(","), "video_count", "bio_url"}
    refused = await ask(Endpoint.RESEARCH_USER_INFO, "display_name", username="nobody")
    assert refused.data["error"]["message"] == "nobody is invalid: cannot find the user"
    assert (await ask(Endpoint.RESEARCH_USER_INFO, "display_name", username=7)).code == "invalid_params"


async def test_comments_are_paged_and_end_after_the_first_thousand(raw: Raw, ask: Ask) -> None:
    data = raw.emulator.research.data
    most_commented = max(data.all, key=lambda video: video.comment_count)
    fields = "id,video_id,text,like_count,reply_count,parent_comment_id,create_time"
    comments = await walk(
        ask, Endpoint.RESEARCH_COMMENT_LIST, "comments", fields, video_id=most_commented.id, max_count=100
    )
    assert [comment["id"] for comment in comments] == [comment.id for comment in data.comments(most_commented)[:1_000]]
    assert most_commented.comment_count > 1_000
    assert set(comments[0]) == set(fields.split(","))
    assert {comment["parent_comment_id"] for comment in comments} == {most_commented.id}


async def test_replies_are_listed_by_comment_id(raw: Raw, ask: Ask) -> None:
    data = raw.emulator.research.data
    comment = next(c for video in data.all for c in data.comments(video)[:20] if c.reply_count)
    replies = await walk(
        ask, Endpoint.RESEARCH_COMMENT_LIST, "comments", "id,parent_comment_id", comment_id=comment.id, max_count=2
    )
    assert len(replies) == comment.reply_count
    assert {reply["parent_comment_id"] for reply in replies} == {comment.id}
    for body in ({}, {"comment_id": comment.id, "video_id": comment.video_id}, {"comment_id": 1}, {"video_id": 1}):
        assert (await ask(Endpoint.RESEARCH_COMMENT_LIST, "id", **body)).code == "invalid_params"


@pytest.mark.parametrize(("unit", "size"), [("ms", 13), ("s", 10)])
async def test_the_cursor_of_liked_videos_is_the_time_of_the_like(raw: Raw, ask: Ask, unit: str, size: int) -> None:
    change(raw, liked_cursor=unit)
    videos = await walk(ask, Endpoint.RESEARCH_LIKED_VIDEOS, "user_liked_videos", "id", username=USER, max_count=7)
    assert len(videos) == len({video["id"] for video in videos}) > 7
    page = await ask(Endpoint.RESEARCH_LIKED_VIDEOS, "id", username=USER, max_count=7)
    assert len(str(page.data["data"]["cursor"])) == size
    assert page.data["error"]["message"] == "ok"


async def test_pinned_videos_have_no_pages_and_reposted_videos_have_one_of_two_keys(raw: Raw, ask: Ask) -> None:
    pinned = await ask(Endpoint.RESEARCH_PINNED_VIDEOS, "id,like_count", username=USER)
    assert set(pinned.data["data"]) == {"pinned_videos_list"}
    first = await walk(ask, Endpoint.RESEARCH_REPOSTED_VIDEOS, "reposted_videos", "id", username=USER)
    change(raw, reposted_key="user_reposted_videos")
    assert await walk(ask, Endpoint.RESEARCH_REPOSTED_VIDEOS, "user_reposted_videos", "id", username=USER) == first


async def test_reposted_videos_have_other_names_for_the_parts_of_a_tag(ask: Ask) -> None:
    videos = await walk(
        ask, Endpoint.RESEARCH_REPOSTED_VIDEOS, "reposted_videos", "video_tag,favourites_count", username=USER
    )
    tags = [video["video_tag"] for video in videos if "video_tag" in video]
    assert tags
    assert all(set(tag) == {"video_tag_type", "video_tag_number"} for tag in tags)
    assert all("favourites_count" in video for video in videos)


async def test_a_list_of_followers_ends_after_five_thousand(ask: Ask) -> None:
    followers = await walk(ask, Endpoint.RESEARCH_FOLLOWERS, "user_followers", username="emu_user_0000", max_count=100)
    assert len({user["username"] for user in followers}) == len(followers) == 5_000
    info = await ask(Endpoint.RESEARCH_USER_INFO, "follower_count", username="emu_user_0000")
    assert info.data["data"]["follower_count"] == 6_000


async def test_followers_and_following_have_their_own_quota(raw: Raw, ask: Ask) -> None:
    raw.emulator.research.quota.limit = 0
    assert (await ask(Endpoint.RESEARCH_USER_INFO, "display_name", username=USER)).status == 429
    following = await walk(ask, Endpoint.RESEARCH_FOLLOWING, "user_following", username=USER)
    assert set(following[0]) == {"username", "display_name"}
    raw.emulator.research.graph_quota.limit = 1
    assert (await ask(Endpoint.RESEARCH_FOLLOWERS, username=USER)).code == "daily_quota_limit_exceeded"


async def test_a_private_user_shows_neither_likes_nor_follows(ask: Ask) -> None:
    for endpoint in (Endpoint.RESEARCH_LIKED_VIDEOS, Endpoint.RESEARCH_FOLLOWING):
        answer = await ask(endpoint, "id", username=PRIVATE)
        assert "is private" in answer.data["error"]["message"]


async def test_a_playlist_lists_its_videos_or_answers_500_with_good_data(raw: Raw, ask: Ask) -> None:
    video = next(video for video in raw.emulator.research.data.all if video.playlist_id)
    body = {"playlist_id": video.playlist_id, "max_count": 5}
    answer = await ask(Endpoint.RESEARCH_PLAYLIST_INFO, "playlist_id", **body)
    assert set(answer.data["data"]) == {
        "playlist_id",
        "playlist_name",
        "playlist_item_total",
        "playlist_last_updated",
        "playlist_video_ids",
        "cursor",
        "has_more",
    }
    ids = await walk(ask, Endpoint.RESEARCH_PLAYLIST_INFO, "playlist_video_ids", "playlist_id", **body)
    assert len(ids) == answer.data["data"]["playlist_item_total"]
    change(raw, playlist_fails=True)
    failed = await ask(Endpoint.RESEARCH_PLAYLIST_INFO, "playlist_id", **body)
    assert (failed.status, failed.data["data"]) == (500, answer.data["data"])


async def test_shops_products_and_reviews_have_no_error_member(raw: Raw, ask: Ask) -> None:
    shops = await ask(Endpoint.RESEARCH_SHOP, "shop_id,shop_name,shop_rating", shop_name="emu shop 7")
    assert set(shops.data) == {"data"}
    (shop,) = shops.data["data"]["shop_data"]
    assert isinstance(shop["shop_rating"], str)
    # The samples put `fields` into the body.
    wanted = "product_id,product_name,product_price,product_rating_5_count"
    page = {"shop_id": shop["shop_id"], "page_size": 10, "fields": wanted}
    sizes = [
        len((await ask(Endpoint.RESEARCH_SHOP_PRODUCTS, **page, page_start=n)).data["data"]["product_data"])
        for n in (1, 2, 3, 4)
    ]
    assert sizes == [10, 10, 3, 0]
    product = (await ask(Endpoint.RESEARCH_SHOP_PRODUCTS, **page)).data["data"]["product_data"][0]
    assert set(product) == set(wanted.split(","))
    for product_id in (product["product_id"], str(product["product_id"])):
        fields = "review_text,review_rating,create_time"
        two = {"product_id": product_id, "page_start": 1, "page_size": 2}
        reviews = await ask(Endpoint.RESEARCH_SHOP_REVIEWS, fields, **two)
        assert len(reviews.data["data"]["review_data"]) == 2
    change(raw, shop_error=True)
    assert (await ask(Endpoint.RESEARCH_SHOP, "shop_id", shop_name="emu")).code == "ok"
    wrong: tuple[dict[str, Any], ...] = ({}, {"shop_name": "emu", "limit": 11}, {"shop_name": " "})
    for body in wrong:
        assert (await ask(Endpoint.RESEARCH_SHOP, "shop_id", **body)).code == "invalid_params"


async def create_task(raw: Raw, token: str, ids: str, category: str) -> Answer:
    form = aiohttp.FormData({"category": category})
    form.add_field("file_data", ids.encode(), filename="ids.txt", content_type="text/plain")
    headers = {"Authorization": f"Bearer {token}"}
    return await raw.send("POST", Endpoint.RESEARCH_VALIDATION_CREATE.path, data=form, headers=headers)


async def test_a_compliance_task_returns_the_ids_that_still_exist(raw: Raw, ask: Ask, token: str) -> None:
    change(raw, task_takes=timedelta(minutes=5))
    data = raw.emulator.research.data
    video = next(video for video in data.all if video.comment_count)
    for category, known in (("video", video.id), ("comment", data.comments(video)[0].id)):
        created = await create_task(raw, token, f"{known}\n1\n", category)
        assert created.data["error"]["http_status_code"] == 200
        task_id = created.data["data"]["task_id"]
        assert task_id > 2**63
        status = await ask(Endpoint.RESEARCH_VALIDATION_STATUS, task_id=task_id)
        assert status.data["data"] == {"task_status": "Processing"}
        assert (await ask(Endpoint.RESEARCH_VALIDATION_DOWNLOAD, task_id=task_id)).code == "invalid_params"
        raw.emulator.clock.advance(300)
        status = await ask(Endpoint.RESEARCH_VALIDATION_STATUS, task_id=task_id)
        assert status.data["data"] == {"task_status": "Completed"}
        file = await ask(Endpoint.RESEARCH_VALIDATION_DOWNLOAD, task_id=task_id)
        assert (file.headers["Content-Type"].split(";")[0], file.body) == ("text/plain", f"{known}\n".encode())


@pytest.mark.parametrize(("ids", "category"), [("1", "user"), ("", "video"), ("x", "video"), ("1\n" * 10_001, "video")])
async def test_a_malformed_compliance_task_is_refused(raw: Raw, token: str, ids: str, category: str) -> None:
    assert (await create_task(raw, token, ids, category)).code == "invalid_params"


async def test_ads_are_paged_by_their_search_id(ask: Ask) -> None:
    filters = {"ad_published_date_range": {"min": "20260101", "max": "20261231"}}
    body: dict[str, Any] = {"filters": filters, "max_count": 50}
    ids: list[int] = []
    while True:
        answer = await ask(Endpoint.RESEARCH_ADLIB_AD_QUERY, "ad.id,advertiser.business_name", **body)
        assert answer.data["error"]["http_status_code"] == 200
        ids += [row["ad"]["id"] for row in answer.data["data"]["ads"]]
        if answer.data["data"]["has_more"] == "false":
            break
        body["search_id"] = answer.data["data"]["search_id"]
    assert len(set(ids)) == len(ids) == 120
    detail = await ask(Endpoint.RESEARCH_ADLIB_AD_DETAIL, "ad.id,ad.first_shown_date", ad_id=ids[0])
    assert detail.data["data"]["ad"]["id"] == ids[0]


async def test_the_other_ad_endpoints_answer(ask: Ask) -> None:
    span = {"min": "20260101", "max": "20260110"}
    report = await ask(
        Endpoint.RESEARCH_ADLIB_AD_REPORT,
        "count_time_series_by_country",
        filters={"ad_published_date_range": span},
    )
    assert len(report.data["data"]["count_time_series_by_country"]["FR"]) == 10
    advertisers = await ask(Endpoint.RESEARCH_ADLIB_ADVERTISER_QUERY, "business_id,business_name", search_term="emu")
    assert len(advertisers.data["data"]["advertisers"]) == 10
    contents = await ask(
        Endpoint.RESEARCH_ADLIB_CONTENT_QUERY,
        "id,creator",
        filters={"content_published_date_range": span, "creator_usernames": ["emu_user_0003"]},
    )
    assert [row["creator"]["username"] for row in contents.data["data"]["commercial_contents"]] == ["emu_user_0003"]
    old = {"ad_published_date_range": {"min": "20220101", "max": "20260110"}}
    wrong: tuple[dict[str, Any], ...] = (
        {},
        {"filters": old},
        {"filters": {}},
        {"filters": old, "search_term": "x" * 51},
    )
    for body in wrong:
        answer = await ask(Endpoint.RESEARCH_ADLIB_AD_QUERY, "ad.id", **body)
        assert (answer.code, answer.data["error"]["http_status_code"]) == ("invalid_params", 400)
