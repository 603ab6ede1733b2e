"""The three inits: which requests they accept, and with which errors they refuse the others."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.conftest import Raw
from tiktok_async.emulator import Emulator, PostingQuirks, Quirks
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.posting.rules import Megabyte, chunk_plan
from tiktok_async.models import Endpoint

VIDEO: dict[str, Any] = {
    "post_info": {
        "title": "hello #emu @friend",
        "privacy_level": "SELF_ONLY",
        "disable_duet": False,
        "disable_comment": True,
        "disable_stitch": False,
        "video_cover_timestamp_ms": 1000,
        "brand_content_toggle": False,
        "brand_organic_toggle": False,
        "is_aigc": False,
    },
    "source_info": {
        "source": "FILE_UPLOAD",
        "video_size": 50000123,
        "chunk_size": 10000000,
        "total_chunk_count": 5,
    },
}
DRAFT: dict[str, Any] = {"source_info": VIDEO["source_info"]}
PHOTOS: dict[str, Any] = {
    "post_info": {
        "title": "funny emu",
        "description": "a #photo",
        "disable_comment": True,
        "privacy_level": "SELF_ONLY",
        "auto_add_music": True,
    },
    "source_info": {
        "source": "PULL_FROM_URL",
        "photo_cover_index": 0,
        "photo_images": ["https://media.example.com/1.webp", "https://media.example.com/2.webp"],
    },
    "post_mode": "DIRECT_POST",
    "media_type": "PHOTO",
}
# Size, chunk size and chunk count, from TikTok's guide and from real uploads.
VECTORS = [
    (4_194_304, 4_194_304, 1),
    (5_000_000, 5_000_000, 1),
    (50_000_123, 10_000_000, 5),
    (64_000_000, 64_000_000, 1),
    (64_000_001, 10_000_000, 6),
    (150_000_000, 64_000_000, 2),
    (158_008_374, 5_242_880, 30),
    (4_294_967_296, 10_000_000, 429),
]


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return *body* with another value at the dotted *path*; `...` removes the field."""
    whole: dict[str, Any] = copy.deepcopy(body)
    *parents, name = path.split(".")
    part = whole
    for parent in parents:
        part = part[parent]
    if value is ...:
        del part[name]
    else:
        part[name] = value
    return whole


@pytest.fixture
def token(raw: Raw) -> str:
    return str(raw.emulator.grant(raw.emulator.add_user())["access_token"])


async def test_creator_info_has_the_documented_shape(raw: Raw, token: str) -> None:
    answer = await raw.call(Endpoint.CREATOR_INFO, token)
    assert answer.status == 200
    assert answer.code == "ok"
    assert {name: type(value) for name, value in answer.data["data"].items()} == {
        "creator_avatar_url": str,
        "creator_username": str,
        "creator_nickname": str,
        "privacy_level_options": list,
        "comment_disabled": bool,
        "duet_disabled": bool,
        "stitch_disabled": bool,
        "max_video_post_duration_sec": int,
    }
    assert answer.data["data"]["privacy_level_options"] == ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]


async def test_a_private_account_has_other_options_and_neither_duet_nor_stitch(raw: Raw) -> None:
    user = raw.emulator.add_user(private=True)
    raw.emulator.creator(user, comment_disabled=True, max_video_post_duration_sec=600)
    data = (await raw.call(Endpoint.CREATOR_INFO, raw.emulator.grant(user)["access_token"])).data["data"]
    assert data["privacy_level_options"] == ["FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
    assert (data["comment_disabled"], data["duet_disabled"], data["stitch_disabled"]) == (True, True, True)
    assert data["max_video_post_duration_sec"] == 600


async def test_the_documented_video_init_is_answered_with_an_upload_url(raw: Raw, token: str) -> None:
    answer = await raw.call(Endpoint.VIDEO_INIT, token, json=VIDEO)
    assert answer.code == "ok"
    assert set(answer.data["data"]) == {"publish_id", "upload_url"}
    assert answer.data["data"]["publish_id"].startswith("v_pub_file~v2-1.")
    assert len(answer.data["data"]["publish_id"]) <= 64
    assert len(answer.data["data"]["upload_url"]) <= 256


@pytest.mark.parametrize(
    ("endpoint", "body", "prefix"),
    [
        (Endpoint.INBOX_INIT, DRAFT, "v_inbox_file~v2."),
        (Endpoint.CONTENT_INIT, PHOTOS, "p_pub_url~v2."),
        (Endpoint.CONTENT_INIT, changed(PHOTOS, "post_mode", "MEDIA_UPLOAD"), "p_inbox_url~v2."),
    ],
)
async def test_every_flow_has_its_own_form_of_publish_id(
    raw: Raw, token: str, endpoint: Endpoint, body: dict[str, Any], prefix: str
) -> None:
    answer = await raw.call(endpoint, token, json=body)
    assert answer.code == "ok"
    assert answer.data["data"]["publish_id"].startswith(prefix)
    assert ("upload_url" in answer.data["data"]) == (endpoint is Endpoint.INBOX_INIT)
    assert raw.emulator.posts[-1].body == body


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("post_info", ..., "invalid_params"),
        ("post_info", [], "invalid_params"),
        ("post_info.privacy_level", ..., "privacy_level_option_mismatch"),
        ("post_info.privacy_level", "FOLLOWER_OF_CREATOR", "privacy_level_option_mismatch"),
        ("post_info.privacy_level", "EVERYONE", "invalid_params"),
        ("post_info.privacy_level", 1, "invalid_params"),
        ("post_info.title", "\U0001f600" * 1100, "ok"),
        ("post_info.title", "\U0001f600" * 1100 + "x", "invalid_params"),
        ("post_info.title", None, "invalid_params"),
        ("post_info.disable_duet", "false", "invalid_params"),
        ("post_info.is_aigc", 1, "invalid_params"),
        ("post_info.video_cover_timestamp_ms", 1000.5, "invalid_params"),
        ("post_info.video_cover_timestamp_ms", 2**31, "invalid_params"),
        ("post_info.brand_content_toggle", ..., "ok"),
        ("source_info", ..., "invalid_params"),
        ("source_info.source", "FILE", "invalid_params"),
        ("source_info.video_size", "50000123", "invalid_params"),
        ("source_info.video_size", ..., "invalid_params"),
        ("source_info.chunk_size", 10000000.0, "invalid_params"),
        ("source_info.chunk_size", 0, "invalid_params"),
        ("source_info.total_chunk_count", 6, "invalid_params"),
        ("source_info.total_chunk_count", True, "invalid_params"),
        ("source_info", {"source": "PULL_FROM_URL", "video_url": "https://media.example.com/a.mp4"}, "ok"),
        ("source_info", {"source": "PULL_FROM_URL"}, "invalid_params"),
        (
            "source_info",
            {"source": "PULL_FROM_URL", "video_url": "https://elsewhere.org/a"},
            "url_ownership_unverified",
        ),
    ],
)
async def test_a_video_init_is_checked_field_by_field(raw: Raw, token: str, path: str, value: Any, code: str) -> None:
    answer = await raw.call(Endpoint.VIDEO_INIT, token, json=changed(VIDEO, path, value))
    assert answer.code == code
    assert answer.status == {"ok": 200, "invalid_params": 400}.get(code, 403)
    assert len(raw.emulator.posts) == (code == "ok")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("media_type", "VIDEO", "invalid_params"),
        ("media_type", ..., "invalid_params"),
        ("post_mode", "DIRECT POST", "invalid_params"),
        ("post_info.title", "t" * 90, "ok"),
        ("post_info.title", "t" * 91, "invalid_params"),
        ("post_info.description", "\U0001f600" * 2000, "ok"),
        ("post_info.description", "\U0001f600" * 2000 + "x", "invalid_params"),
        ("post_info.privacy_level", ..., "privacy_level_option_mismatch"),
        ("source_info.source", "FILE_UPLOAD", "invalid_params"),
        ("source_info.photo_images", [], "invalid_params"),
        ("source_info.photo_images", ["https://media.example.com/1.webp"] * 35, "ok"),
        ("source_info.photo_images", ["https://media.example.com/1.webp"] * 36, "invalid_params"),
        ("source_info.photo_images", "https://media.example.com/1.webp", "invalid_params"),
        ("source_info.photo_images", ["http://media.example.com/1.webp"], "url_ownership_unverified"),
        ("source_info.photo_cover_index", 2, "invalid_params"),
        ("source_info.photo_cover_index", -1, "invalid_params"),
        ("source_info.photo_cover_index", ..., "invalid_params"),
    ],
)
async def test_a_photo_init_is_checked_field_by_field(raw: Raw, token: str, path: str, value: Any, code: str) -> None:
    answer = await raw.call(Endpoint.CONTENT_INIT, token, json=changed(PHOTOS, path, value))
    assert answer.code == code


async def test_a_draft_of_photos_needs_a_recent_app_version_and_no_post_info(raw: Raw) -> None:
    user = raw.emulator.add_user()
    token = raw.emulator.grant(user)["access_token"]
    body = changed(changed(PHOTOS, "post_mode", "MEDIA_UPLOAD"), "post_info", ...)
    assert (await raw.call(Endpoint.CONTENT_INIT, token, json=body)).code == "ok"
    raw.emulator.creator(user, app_version="31.7")
    answer = await raw.call(Endpoint.CONTENT_INIT, token, json=body)
    assert (answer.status, answer.code) == (400, "app_version_check_failed")


@pytest.mark.parametrize(
    ("granted", "allowed"),
    [
        ("video.publish", {Endpoint.CREATOR_INFO, Endpoint.VIDEO_INIT, Endpoint.CONTENT_INIT}),
        ("video.upload", {Endpoint.CREATOR_INFO, Endpoint.INBOX_INIT}),
        ("video.list", set[Endpoint]()),
    ],
)
async def test_each_mode_needs_its_scope(raw: Raw, granted: str, allowed: set[Endpoint]) -> None:
    user = raw.emulator.add_user(scopes=[granted])
    token = raw.emulator.grant(user)["access_token"]
    bodies = {Endpoint.VIDEO_INIT: VIDEO, Endpoint.INBOX_INIT: DRAFT, Endpoint.CONTENT_INIT: PHOTOS}
    for endpoint in (Endpoint.CREATOR_INFO, *bodies):
        answer = await raw.call(endpoint, token, json=bodies.get(endpoint))
        assert answer.code == ("ok" if endpoint in allowed else "scope_not_authorized"), endpoint


async def test_each_init_is_accepted_six_times_a_minute(raw: Raw, token: str) -> None:
    codes = [(await raw.call(Endpoint.VIDEO_INIT, token, json=VIDEO)).code for _ in range(7)]
    assert codes == ["ok"] * 6 + ["rate_limit_exceeded"]
    raw.emulator.clock.advance(61)
    assert (await raw.call(Endpoint.VIDEO_INIT, token, json=VIDEO)).code == "ok"


async def test_the_other_spelling_of_invalid_params_is_a_quirk(serve: Callable[[Emulator], Raw]) -> None:
    async with Emulator(quirks=Quirks(posting=PostingQuirks(bad_param_code="invalid_param"))) as emulator:
        token = emulator.grant(emulator.add_user())["access_token"]
        answer = await serve(emulator).call(Endpoint.VIDEO_INIT, token, json={})
        assert (answer.status, answer.code) == (400, "invalid_param")


@pytest.mark.parametrize(("size", "chunk_size", "count"), VECTORS)
def test_every_known_chunk_plan_is_accepted(size: int, chunk_size: int, count: int) -> None:
    plan = chunk_plan({"video_size": size, "chunk_size": chunk_size, "total_chunk_count": count})
    assert (plan.size, plan.chunk_size, plan.count) == (size, chunk_size, count)


@pytest.mark.parametrize(
    ("size", "chunk_size", "count", "message"),
    [
        (158_008_374, 158_008_374, 1, "The chunk size is invalid"),
        (64_000_001, 64_000_000, 1, "The chunk size is invalid"),
        (4_000_000, 2_000_000, 2, "The chunk size is invalid"),
        (9_000_000, 5_000_000, 1, "The chunk size is invalid"),
        (20_000_000, 4_999_999, 4, "The chunk size is invalid"),
        (50_000_123, 10_000_000, 6, "The total chunk count is invalid"),
        (4_294_967_296, 5_000_000 - 1, 858, "The chunk size is invalid"),
        (4_294_967_297, 10_000_000, 429, "The video size is invalid"),
        (10_000_000, 20_000_000, 0, "The total chunk count is invalid"),
        (10_000_000, 20_000_000, 1, "The chunk size is invalid"),
    ],
)
def test_a_chunk_plan_outside_the_rules_is_refused(size: int, chunk_size: int, count: int, message: str) -> None:
    with pytest.raises(BadField, match=message):
        chunk_plan({"video_size": size, "chunk_size": chunk_size, "total_chunk_count": count})


def test_the_two_sizes_of_a_megabyte_differ_where_the_guide_gives_no_rule() -> None:
    fine_in_decimal = {"video_size": 20_000_000, "chunk_size": 5_000_000, "total_chunk_count": 4}
    fine_in_binary = {"video_size": 67_108_864, "chunk_size": 67_108_864, "total_chunk_count": 1}
    assert chunk_plan(fine_in_decimal, Megabyte.DECIMAL) == chunk_plan(fine_in_decimal)
    assert chunk_plan(fine_in_binary, Megabyte.BINARY) == chunk_plan(fine_in_binary)
    with pytest.raises(BadField):
        chunk_plan(fine_in_decimal, Megabyte.BINARY)
    with pytest.raises(BadField):
        chunk_plan(fine_in_binary, Megabyte.DECIMAL)


@given(st.integers(1, 4 * 1024**3), st.sampled_from(list(Megabyte)))
def test_a_plan_that_fits_both_sizes_of_a_megabyte_is_accepted_with_each(size: int, megabyte: Megabyte) -> None:
    chunk = size if size <= 64_000_000 else 10_000_000
    plan = chunk_plan({"video_size": size, "chunk_size": chunk, "total_chunk_count": size // chunk}, megabyte)
    ends, offset = [], 0
    while offset < size:
        offset = plan.end_of_chunk_at(offset)
        ends.append(offset)
    assert len(ends) == plan.count
    assert ends[-1] == size
    assert size - (plan.count - 1) * chunk <= 128_000_000
