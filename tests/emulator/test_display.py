"""User info, video list and video query."""

from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.conftest import Raw
from tiktok_async.emulator import Emulator, Quirks
from tiktok_async.emulator.engine.videos import Videos
from tiktok_async.models import Endpoint

BASIC = "open_id,union_id,avatar_url,avatar_url_100,avatar_large_url,display_name"
VIDEO = (
    "id,create_time,cover_image_url,share_url,video_description,duration,height,width,title,embed_html,embed_link,"
    "like_count,comment_count,share_count,view_count"
)


async def walk(raw: Raw, token: str, **body: Any) -> list[list[str]]:
    """Return the pages of a listing, as ids."""
    pages: list[list[str]] = []
    cursor: int | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        answer = await raw.call(Endpoint.VIDEO_LIST, token, fields="id", json={**body, **more})
        assert answer.status == 200, answer.data
        pages.append([video["id"] for video in answer.data["data"]["videos"]])
        if not answer.data["data"]["has_more"]:
            return pages
        cursor = answer.data["data"]["cursor"]


async def test_only_the_requested_fields_are_returned(raw: Raw) -> None:
    user = raw.emulator.add_user(display_name="Ada")
    token = raw.emulator.grant(user)["access_token"]
    answer = await raw.call(Endpoint.USER_INFO, token, fields="display_name,open_id")
    assert answer.data["data"] == {"user": {"display_name": "Ada", "open_id": user.open_id}}
    assert answer.data["error"]["code"] == "ok"
    assert answer.data["error"]["message"] == ""
    assert len(answer.data["error"]["log_id"]) == 34


async def test_every_documented_field_has_its_documented_type(raw: Raw) -> None:
    user = raw.emulator.add_user(videos=12, bio_description="hello")
    token = raw.emulator.grant(user)["access_token"]
    fields = BASIC + ",bio_description,profile_deep_link,is_verified,username"
    counts = "follower_count,following_count,likes_count,video_count"
    found = (await raw.call(Endpoint.USER_INFO, token, fields=f"{fields},{counts}")).data["data"]["user"]
    assert found["video_count"] == 12
    assert found["is_verified"] is False
    for name in fields.replace(",is_verified", "").split(","):
        assert isinstance(found[name], str), name
    for name in counts.split(","):
        assert isinstance(found[name], int), name


@pytest.mark.parametrize(
    ("style", "status", "code"), [("401", 401, "scope_not_authorized"), ("400", 400, "scope_permission_missed")]
)
async def test_a_field_without_its_scope_is_refused_in_either_documented_way(
    serve: Any, style: Any, status: int, code: str
) -> None:
    async with Emulator(missing_scope_style=style) as emulator:
        raw = serve(emulator)
        token = emulator.grant(emulator.add_user(scopes={"user.info.basic"}))["access_token"]
        assert (await raw.call(Endpoint.USER_INFO, token, fields=BASIC)).status == 200
        answer = await raw.call(Endpoint.USER_INFO, token, fields="open_id,follower_count")
        assert (answer.status, answer.code, answer.data["data"]) == (status, code, {})


async def test_videos_need_their_scope(raw: Raw) -> None:
    token = raw.emulator.grant(raw.emulator.add_user(scopes={"user.info.basic"}))["access_token"]
    for endpoint in (Endpoint.VIDEO_LIST, Endpoint.VIDEO_QUERY):
        answer = await raw.call(endpoint, token, fields="id", json={})
        assert (answer.status, answer.code) == (401, "scope_not_authorized")


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nobody", "Basic YTpi", "act.x"])
async def test_a_request_without_a_valid_token_is_refused(raw: Raw, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await raw.send("GET", "/v2/user/info/?fields=open_id", headers=headers)
    assert (answer.status, answer.code) == (401, "access_token_invalid")


async def test_fields_are_required_and_have_to_exist(raw: Raw) -> None:
    token = raw.emulator.grant(raw.emulator.add_user())["access_token"]
    for fields in (None, "", "open_id,email"):
        answer = await raw.call(Endpoint.USER_INFO, token, fields=fields)
        assert (answer.status, answer.code) == (400, "invalid_params")


async def test_unknown_fields_may_be_ignored_and_fields_may_be_optional(serve: Any) -> None:
    async with Emulator(quirks=Quirks(unknown_fields="ignored", fields_required=False)) as emulator:
        raw = serve(emulator)
        token = emulator.grant(emulator.add_user(scopes={"user.info.basic"}))["access_token"]
        known = await raw.call(Endpoint.USER_INFO, token, fields="display_name,email")
        assert list(known.data["data"]["user"]) == ["display_name"]
        everything = await raw.call(Endpoint.USER_INFO, token)
        assert sorted(everything.data["data"]["user"]) == sorted(BASIC.split(","))


@pytest.mark.parametrize(("how", "expected"), [("omitted", {}), ("null", {"bio_description": None})])
async def test_an_empty_bio_is_absent_or_null(serve: Any, how: Any, expected: dict[str, Any]) -> None:
    async with Emulator(quirks=Quirks(absent_values=how)) as emulator:
        token = emulator.grant(emulator.add_user())["access_token"]
        answer = await serve(emulator).call(Endpoint.USER_INFO, token, fields="bio_description")
        assert answer.data["data"]["user"] == expected


async def test_a_listing_holds_every_video_once_newest_first(raw: Raw) -> None:
    user = raw.emulator.add_user(videos=45)
    token = raw.emulator.grant(user)["access_token"]
    pages = await walk(raw, token, max_count=20)
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [one for page in pages for one in page] == user.videos.ids()
    assert [len(page) for page in await walk(raw, token)] == [10, 10, 10, 10, 5]


async def test_a_video_has_every_field_with_its_documented_type(raw: Raw) -> None:
    token = raw.emulator.grant(raw.emulator.add_user(videos=2))["access_token"]
    data = (await raw.call(Endpoint.VIDEO_LIST, token, fields=VIDEO, json={})).data["data"]
    newest, older = data["videos"]
    assert sorted(newest) == sorted(VIDEO.split(","))
    assert len(newest["id"]) == 19
    assert newest["create_time"] > older["create_time"]
    assert data["cursor"] == older["create_time"] * 1000
    for name, value in newest.items():
        number = name.endswith("_count") or name in ("create_time", "duration", "height", "width")
        assert isinstance(value, int if number else str), name


async def test_any_time_is_a_cursor_for_the_videos_before_it(raw: Raw) -> None:
    user = raw.emulator.add_user(videos=30)
    token = raw.emulator.grant(user)["access_token"]
    tenth = user.videos[10]["create_time"] * 1000
    for cursor, first in ((tenth, 11), (tenth + 1, 10), (tenth + 999, 10), (tenth - 1, 11)):
        answer = await raw.call(Endpoint.VIDEO_LIST, token, fields="id", json={"cursor": cursor, "max_count": 1})
        assert answer.data["data"]["videos"] == [{"id": user.videos[first]["id"]}]


@pytest.mark.parametrize(
    "body",
    [
        {"max_count": 0},
        {"max_count": 21},
        {"max_count": "20"},
        {"max_count": True},
        {"cursor": "1"},
        {"cursor": -1},
        [],
    ],
)
async def test_a_bad_body_is_refused(raw: Raw, body: Any) -> None:
    token = raw.emulator.grant(raw.emulator.add_user(videos=1))["access_token"]
    answer = await raw.call(Endpoint.VIDEO_LIST, token, fields="id", json=body)
    assert (answer.status, answer.code) == (400, "invalid_params")


async def test_a_body_has_to_be_json_by_type_and_by_content(raw: Raw) -> None:
    token = raw.emulator.grant(raw.emulator.add_user(videos=1))["access_token"]
    for kind, data in (("text/plain", b"{}"), ("application/json", b"{")):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        answer = await raw.send("POST", "/v2/video/list/?fields=id", headers=headers, data=data)
        assert (answer.status, answer.code) == (400, "invalid_params")


async def test_short_and_empty_pages_still_hold_every_video_once(serve: Any) -> None:
    async with Emulator(quirks=Quirks(short_pages=True)) as emulator:
        user = emulator.add_user(videos=60)
        pages = await walk(serve(emulator), emulator.grant(user)["access_token"], max_count=7)
        assert [one for page in pages for one in page] == user.videos.ids()
        assert [] in pages
        assert len({len(page) for page in pages}) > 2


async def test_a_cursor_can_stay_the_same(serve: Any) -> None:
    async with Emulator(quirks=Quirks(cursor_stands_still=True)) as emulator:
        token = emulator.grant(emulator.add_user(videos=60))["access_token"]
        answer = await serve(emulator).call(Endpoint.VIDEO_LIST, token, fields="id", json={"cursor": 1793000000000})
        assert (answer.data["data"]["cursor"], answer.data["data"]["has_more"]) == (1793000000000, True)


@pytest.mark.parametrize(("kind", "expected"), [("zero", 0), ("omitted", None), ("last", "time")])
async def test_the_cursor_at_the_end_is_a_quirk(serve: Any, kind: Any, expected: Any) -> None:
    async with Emulator(quirks=Quirks(end_cursor=kind)) as emulator:
        user = emulator.add_user(videos=3)
        answer = await serve(emulator).call(
            Endpoint.VIDEO_LIST, emulator.grant(user)["access_token"], fields="id", json={}
        )
        last = user.videos[-1]["create_time"] * 1000
        assert answer.data["data"].get("cursor") == (last if expected == "time" else expected)


async def test_a_query_returns_the_users_own_videos_and_omits_the_rest(raw: Raw) -> None:
    user, other = raw.emulator.add_user(videos=5), raw.emulator.add_user(videos=5)
    token = raw.emulator.grant(user)["access_token"]
    wanted = [user.videos[3]["id"], other.videos[0]["id"], "17", "x", "9" * 30, user.videos[0]["id"]]
    answer = await raw.call(Endpoint.VIDEO_QUERY, token, fields="id", json={"filters": {"video_ids": wanted}})
    assert answer.data["data"] == {"videos": [{"id": wanted[0]}, {"id": wanted[5]}]}


@pytest.mark.parametrize("filters", [None, {}, {"video_ids": []}, {"video_ids": [7]}, {"video_ids": ["7"] * 21}, []])
async def test_a_query_needs_one_to_twenty_ids(raw: Raw, filters: Any) -> None:
    token = raw.emulator.grant(raw.emulator.add_user(videos=1))["access_token"]
    answer = await raw.call(Endpoint.VIDEO_QUERY, token, fields="id", json={"filters": filters})
    assert (answer.status, answer.code) == (400, "invalid_params")


async def test_a_cover_url_is_signed_again_for_six_hours(raw: Raw) -> None:
    user = raw.emulator.add_user(videos=1)
    token = raw.emulator.grant(user)["access_token"]
    body = {"filters": {"video_ids": user.videos.ids()}}

    async def expires() -> int:
        answer = await raw.call(Endpoint.VIDEO_QUERY, token, fields="cover_image_url", json=body)
        url = answer.data["data"]["videos"][0]["cover_image_url"]
        return int(url.partition("x-expires=")[2].partition("&")[0])

    first = await expires()
    assert first == pytest.approx(raw.emulator.clock.timestamp() + 6 * 3600, abs=60)
    raw.emulator.clock.advance(3600)
    assert await expires() >= first + 3600


async def test_videos_can_be_added_removed_and_edited(raw: Raw) -> None:
    user = raw.emulator.add_user(videos=3)
    token = raw.emulator.grant(user)["access_token"]
    gone, edited = user.videos[0]["id"], user.videos[1]["id"]
    user.videos.remove(gone)
    user.videos.edit(edited, like_count=7)
    added = user.videos.add(raw.emulator.clock.now(), title="new")
    found = (await raw.call(Endpoint.VIDEO_LIST, token, fields="id,title,like_count", json={})).data["data"]["videos"]
    assert [video["id"] for video in found] == [added["id"], edited, user.videos[2]["id"]]
    assert found[0]["title"] == "new"
    assert found[1]["like_count"] == 7


async def test_a_path_without_its_slash_or_with_another_method_is_refused(raw: Raw) -> None:
    assert (await raw.send("GET", "/v2/user/info")).status == 404
    assert (await raw.send("POST", "/v2/user/info/")).status == 405


@given(count=st.integers(0, 300), step=st.integers(1, 20), seed=st.text(max_size=5))
def test_pages_of_any_size_hold_every_video_once(count: int, step: int, seed: str) -> None:
    videos = Videos(count, seed=seed, username="emu")
    found: list[int] = []
    cursor, has_more = None, True
    while has_more:
        page, has_more = videos.page(cursor, step)
        found += page
        cursor = (page[-1] >> 32) * 1000 if page else None
    assert [str(number) for number in found] == videos.ids()
    assert len({number >> 32 for number in found}) == count


def test_the_same_seed_gives_the_same_users_and_videos() -> None:
    first, second, other = (Emulator(seed=seed).add_user(videos=5) for seed in (1, 1, 2))
    assert first.open_id == second.open_id != other.open_id
    assert first.videos.ids() == second.videos.ids() != other.videos.ids()
    assert list(first.videos) == list(second.videos)


def test_ten_thousand_videos_are_made_only_when_they_are_read() -> None:
    users = [Emulator().add_user(videos=10_000) for _ in range(50)]
    assert all(len(user.videos) == 10_000 for user in users)
    assert users[0].videos._made is None
    assert all(len(one) == 19 for one in users[0].videos.ids())


async def test_a_browser_gets_svg_images_and_a_program_gets_a_jpeg() -> None:
    async with Emulator() as emulator, emulator.session() as session:
        account = await emulator.connect(session, emulator.add_user(videos=2, display_name="<&Ann"))
        user = await account.user_info()
        addresses = [video.cover_image_url async for video in account.videos()]
        images: set[bytes] = set()
        async with aiohttp.ClientSession() as http:
            for address in (*addresses, user.avatar_url):
                async with http.get(str(address), headers={"Accept": "image/svg+xml,image/*"}) as seen:
                    images.add(await seen.read())
                async with http.get(str(address)) as photo:
                    assert photo.content_type == "image/jpeg"
    assert len(images) == 3
    assert all(ET.fromstring(one).tag.endswith("svg") for one in images)
