"""Quirks: each can be set from Python, over HTTP and by NAME=VALUE, and each side of a dispute can be chosen."""

import base64
import hashlib
import io
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from attrs import evolve, fields, has

from tests.emulator.conftest import CALLBACK, VERIFIER, Raw, callback
from tiktok_async.emulator import PostingQuirks, Quirks, ResearchQuirks, parse_quirks
from tiktok_async.emulator.engine.quirk_values import quirk_names
from tiktok_async.models import Endpoint, Scope

WEB = "https://app.example.com/cb/"
BASE64URL = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
DAYS = {"start_date": "20260801", "end_date": "20260802"}
QUERY = {"and": [{"operation": "EQ", "field_name": "region_code", "field_values": ["FR"]}]}


def values(kind: Any) -> list[Any]:
    """Return the values that a quirk of this type may have; for an open type, one example."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)
    simple: dict[Any, list[Any]] = {
        bool: [True, False],
        int: [7],
        float: [0.5],
        timedelta: [timedelta(seconds=90)],
        str: ["x/y"],
    }
    return simple.get(kind, [3, None])


def all_values() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, kind in get_type_hints(Quirks).items():
        inner = get_type_hints(kind).items() if isinstance(kind, type) and has(kind) else [("", kind)]
        for own, one in inner:
            found += [(f"{name}.{own}".rstrip("."), value) for value in values(one)]
    return found


def get(quirks: Quirks, name: str) -> Any:
    area, _, inner = name.partition(".")
    return getattr(getattr(quirks, area), inner) if inner else getattr(quirks, area)


def as_json(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.value if isinstance(value, Enum) else value


def as_text(value: Any) -> str:
    return "none" if value is None else str(as_json(value)).lower() if isinstance(value, bool) else str(as_json(value))


def test_every_quirk_of_every_area_has_a_name() -> None:
    areas = {"posting": PostingQuirks, "research": ResearchQuirks}
    for area, cls in areas.items():
        assert {f"{area}.{one.name}" for one in fields(cls)} <= set(quirk_names())
    assert {name for name, _ in all_values()} == set(quirk_names())


@pytest.mark.parametrize(("name", "value"), all_values())
def test_each_quirk_is_set_by_name_and_value(name: str, value: Any) -> None:
    assert get(parse_quirks([f"{name}={as_text(value)}"]), name) == value


async def test_each_quirk_is_set_from_another_process(raw: Raw) -> None:
    for name, value in all_values():
        area, _, inner = name.partition(".")
        for body in ({name: as_json(value)}, {area: {inner: as_json(value)}} if inner else {area: as_json(value)}):
            answer = await raw.send("POST", "/_emulator/quirks", json=body)
            assert answer.status == 200, (name, value, answer.data)
            assert get(raw.emulator.quirks, name) == value
    seen = (await raw.send("GET", "/_emulator/quirks")).data
    assert set(seen) == {one.name for one in fields(Quirks)}


@pytest.mark.parametrize(
    "body",
    [
        {"nonsense": 1},
        {"research": {"nonsense": 1}},
        {"nonsense": {"end_date": "inclusive"}},
        {"research": 5},
        {"rotation": "never"},
        {"rotation": True},
        {"access_lifetime": "soon"},
        {"access_lifetime": None},
        {"access_lifetime": -1},
        {"posting": {"audited": "perhaps"}},
        {"posting": {"posts_a_day": -1}},
        {"research": {"withheld": 1.5}},
    ],
)
async def test_an_unknown_quirk_or_value_is_refused_and_changes_nothing(raw: Raw, body: Any) -> None:
    answer = await raw.send("POST", "/_emulator/quirks", json=body)
    assert answer.status == 400
    assert answer.data["error"]
    assert raw.emulator.quirks == Quirks()
    for name, value in body.items():
        texts = [f"{name}.{inner}={one}" for inner, one in value.items()] if isinstance(value, dict) else []
        with pytest.raises(ValueError, match=r"quirk|is |must be"):
            parse_quirks(texts or [f"{name}={value}"])


def test_a_quirk_without_a_value_is_refused_with_the_expected_form() -> None:
    with pytest.raises(ValueError, match="NAME=VALUE"):
        parse_quirks(["rotation"])


def test_durations_have_units() -> None:
    quirks = parse_quirks(["access-lifetime=24h", "refresh_lifetime=365d", "code_lifetime=90"])
    assert quirks.access_lifetime == timedelta(hours=24)
    assert quirks.refresh_lifetime == timedelta(days=365)
    assert quirks.code_lifetime == timedelta(seconds=90)


async def test_a_quirk_set_at_run_time_applies_from_the_next_request(raw: Raw) -> None:
    user = raw.emulator.add_user(scopes={Scope.VIDEO_LIST})
    pair = raw.emulator.grant(user)
    assert pair["expires_in"] == 7200
    raw.emulator.quirks = evolve(raw.emulator.quirks, access_lifetime=timedelta(hours=24), log_id_key="logid")
    assert raw.emulator.grant(user)["expires_in"] == 86400
    answer = await raw.call(Endpoint.VIDEO_LIST, pair["access_token"], json={}, fields="id")
    assert answer.data["error"]["logid"]


# login


@pytest.mark.parametrize("side", ["optional", "required"])
async def test_the_consent_page_may_require_its_last_slash(raw: Raw, side: Any) -> None:
    raw.emulator.quirks = Quirks(authorize_slash=side)
    raw.emulator.add_user()
    page = await raw.send("GET", raw.authorize().replace("/authorize/?", "/authorize?"))
    assert page.status == (200 if side == "optional" else 404)


@pytest.mark.parametrize("side", ["asked", "always"])
async def test_a_login_may_get_the_basic_scope_without_asking_for_it(raw: Raw, side: Any) -> None:
    raw.emulator.quirks = Quirks(basic_scope=side)
    user = raw.emulator.add_user()
    address = raw.authorize(redirect_uri=WEB, scope="video.list", code_challenge=None, code_challenge_method=None)
    code = callback(await raw.emulator.consent(address, user))["code"]
    answer = await raw.form(Endpoint.TOKEN, grant_type="authorization_code", code=code, redirect_uri=WEB)
    assert answer.data["scope"] == ("video.list" if side == "asked" else "user.info.basic,video.list")


@pytest.mark.parametrize("side", ["refused_at_exchange", "refused", "ignored"])
async def test_a_base64url_challenge_of_a_web_app_is_refused_or_ignored(raw: Raw, side: Any) -> None:
    raw.emulator.quirks = Quirks(web_challenge=side)
    user = raw.emulator.add_user()
    # The challenge of a desktop app is refused on every side.
    assert (await raw.send("GET", raw.authorize(code_challenge=BASE64URL, redirect_uri=CALLBACK))).status == 400
    address = raw.authorize(redirect_uri=WEB, code_challenge=BASE64URL)
    if side == "refused":
        assert (await raw.send("GET", address)).status == 400
        return
    code = callback(await raw.emulator.consent(address, user))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": WEB, "code_verifier": VERIFIER}
    answer = await raw.form(Endpoint.TOKEN, **form)
    if side == "ignored":
        assert answer.data["access_token"]
    else:
        assert answer.data["error_description"] == "Code verifier or code challenge is invalid."


# users and images


async def test_open_ids_have_every_form_of_real_ones_and_belong_to_one_user(raw: Raw) -> None:
    users = [raw.emulator.add_user(scopes={Scope.USER_INFO_BASIC}) for _ in range(8)]
    assert len({user.open_id for user in users}) == 8
    assert {user.open_id[0] for user in users} >= {"-", "_"}
    assert any("." in user.open_id for user in users)
    for user in users:
        token = raw.emulator.grant(user)["access_token"]
        answer = await raw.call(Endpoint.USER_INFO, token, fields="open_id,avatar_url")
        assert answer.data["data"]["user"]["open_id"] == user.open_id
        assert (await raw.send("GET", answer.data["data"]["user"]["avatar_url"])).body.startswith(b"\xff\xd8\xff")


async def test_covers_are_images_until_their_url_expires(raw: Raw) -> None:
    user = raw.emulator.add_user(videos=1, scopes={Scope.VIDEO_LIST})
    token = raw.emulator.grant(user)["access_token"]
    answer = await raw.call(Endpoint.VIDEO_LIST, token, json={}, fields="id,cover_image_url")
    cover = answer.data["data"]["videos"][0]["cover_image_url"]
    picture = await raw.send("GET", cover)
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/jpeg")
    raw.emulator.clock.advance(timedelta(hours=7))
    assert (await raw.send("GET", cover)).status == 403


async def test_a_creator_with_followers_and_videos_has_likes(raw: Raw) -> None:
    user = raw.emulator.add_user(videos=30)
    assert user.likes_count > 0


# Research


async def research(raw: Raw, endpoint: Endpoint, body: Any, *, fields: str | None = "id", **options: Any) -> Any:
    token = (await raw.form(Endpoint.TOKEN, grant_type="client_credentials")).data["access_token"]
    return await raw.call(endpoint, token, json=body, fields=fields, **options)


@pytest.mark.parametrize("side", [True, False])
async def test_a_research_body_with_the_type_plain_text_is_accepted_or_refused(raw: Raw, side: bool) -> None:  # noqa: FBT001 - a side of a quirk
    raw.emulator.research.quirks = ResearchQuirks(plain_text_bodies=side)
    token = (await raw.form(Endpoint.TOKEN, grant_type="client_credentials")).data["access_token"]
    answer = await raw.send(
        "POST",
        Endpoint.RESEARCH_USER_INFO.path + "?fields=display_name",
        data=b'{"username": "emu_user_0001"}',
        headers={"Authorization": f"Bearer {token}", "Content-Type": "text/plain"},
    )
    assert answer.status == (200 if side else 400)


@pytest.mark.parametrize("side", ["absent", "refused"])
async def test_a_null_cursor_or_search_id_counts_as_absent_or_is_refused(raw: Raw, side: Any) -> None:
    raw.emulator.research.quirks = ResearchQuirks(null_cursor=side)
    status = 200 if side == "absent" else 400
    video = {"query": QUERY, **DAYS, "cursor": None, "search_id": None}
    assert (await research(raw, Endpoint.RESEARCH_VIDEO_QUERY, video)).status == status
    people = {"username": "emu_user_0001", "cursor": None}
    assert (await research(raw, Endpoint.RESEARCH_FOLLOWERS, people, fields=None)).status == status


@pytest.mark.parametrize("endpoint", [Endpoint.RESEARCH_FOLLOWERS, Endpoint.RESEARCH_FOLLOWING])
async def test_cursor_zero_is_the_first_page(raw: Raw, endpoint: Endpoint) -> None:
    first = await research(raw, endpoint, {"username": "emu_user_0001"}, fields=None)
    zero = await research(raw, endpoint, {"username": "emu_user_0001", "cursor": 0}, fields=None)
    assert first.data["data"] == zero.data["data"]


@pytest.mark.parametrize("side", ["accepted", "refused"])
async def test_a_shop_id_in_a_string_is_accepted_or_refused(raw: Raw, side: Any) -> None:
    raw.emulator.research.quirks = ResearchQuirks(shop_id_as_text=side)
    shops = await research(raw, Endpoint.RESEARCH_SHOP, {"shop_name": "Emu"}, fields="shop_id")
    shop_id = shops.data["data"]["shop_data"][0]["shop_id"]
    for given, status in ((shop_id, 200), (str(shop_id), 200 if side == "accepted" else 400), ("x", 400)):
        answer = await research(raw, Endpoint.RESEARCH_SHOP_PRODUCTS, {"shop_id": given}, fields="product_id")
        assert answer.status == status


@pytest.mark.parametrize("side", ["text", "boolean"])
async def test_has_more_of_ads_is_text_or_a_boolean_and_their_page_size_can_be_set(raw: Raw, side: Any) -> None:
    raw.emulator.research.quirks = ResearchQuirks(adlib_has_more=side, adlib_page=7)
    body = {"filters": {"ad_published_date_range": {"min": "20260101", "max": "20261231"}}, "max_count": 50}
    data = (await research(raw, Endpoint.RESEARCH_ADLIB_AD_QUERY, body, fields="ad.id")).data["data"]
    assert data["has_more"] == ("true" if side == "text" else True)
    assert len(data["ads"]) == 7


# publishing


@pytest.mark.parametrize("side", ["accepted", "refused"])
async def test_one_chunk_that_is_smaller_than_its_file_is_accepted_or_refused(raw: Raw, side: Any) -> None:
    raw.emulator.posting.quirks = PostingQuirks(short_single_chunk=side)
    user = raw.emulator.add_user(scopes={Scope.VIDEO_UPLOAD})
    source = {"source": "FILE_UPLOAD", "video_size": 15_000_000, "chunk_size": 10_000_000, "total_chunk_count": 1}
    token = raw.emulator.grant(user)["access_token"]
    answer = await raw.call(Endpoint.INBOX_INIT, token, json={"source_info": source})
    assert answer.status == (200 if side == "accepted" else 400)
    if side == "accepted":
        headers = {"Content-Range": "bytes 0-14999999/15000000", "Content-Type": "video/mp4"}
        put = await raw.send(
            "PUT", answer.data["data"]["upload_url"], data=io.BytesIO(bytes(15_000_000)), headers=headers
        )
        assert put.status == 201
