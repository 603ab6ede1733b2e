"""What leaves the library as JSON: every model, under TikTok's names, without a secret, and back again."""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

import tiktok_async
from tiktok_async import (
    AccountKey,
    AuthorizationRemoved,
    ClientToken,
    ConfigurationError,
    Limit,
    Page,
    PhotoPost,
    Playlist,
    PrivacyLevel,
    PublishState,
    PublishStatus,
    RateLimited,
    RemovalReason,
    ResearchVideo,
    RetryPolicy,
    Secret,
    SyncResult,
    TikTokError,
    TikTokSession,
    Token,
    UploadProgress,
    User,
    Video,
    VideoPost,
)
from tiktok_async.models import RefreshAttempt
from tiktok_async.models._json import JsonModel

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)

MODELS = sorted(
    {
        one
        for name in tiktok_async.__all__
        if isinstance(one := getattr(tiktok_async, name), type) and issubclass(one, JsonModel)
    },
    key=lambda one: one.__name__,
)
# Their own rules refuse random values; an account is not JSON.
SPECIAL = {"VideoPost", "PhotoPost", "Limit", "RetryPolicy", "SyncPage", "SyncResult"}
# A secret, an error or an endpoint's own state, which JSON does not restore.
ONE_WAY = {"Token", "ClientToken", "UploadProgress", "RefreshReport", "AccountSync"}

HIDDEN: dict[type, set[str]] = {
    Token: {"access_token", "refresh_token", "attempt"},
    ClientToken: {"access_token"},
    UploadProgress: {"state"},
}

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
SECONDS = st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds / 2))


ADAPTERS: dict[type[JsonModel], TypeAdapter[Any]] = {}


def adapter_of(cls: type[JsonModel]) -> TypeAdapter[Any]:
    if cls not in ADAPTERS:
        ADAPTERS[cls] = TypeAdapter(cls)
    return ADAPTERS[cls]


def values(kind: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one line for each kind
    origin, inside = get_origin(kind), get_args(kind)
    if kind is Any or isinstance(kind, TypeVar):
        return JSON
    if origin in (Union, UnionType):
        return st.one_of([values(one) for one in inside])
    if origin is tuple:
        if ... in inside:
            return st.lists(values(inside[0]), max_size=3).map(tuple)
        return st.tuples(*map(values, inside))
    if origin is Literal:
        return st.sampled_from(inside)
    if origin is frozenset:
        return st.frozensets(values(inside[0]), max_size=3)
    if origin is not None and issubclass(origin, Mapping):
        return JSON if inside[1] is Any else st.dictionaries(values(inside[0]), values(inside[1]), max_size=3)
    known: dict[type, st.SearchStrategy[Any]] = {
        NoneType: st.none(),
        str: TEXT,
        int: st.integers(0, 2**53),
        bool: st.booleans(),
        float: st.floats(0, 10**6),
        datetime: MOMENTS,
        timedelta: SECONDS,
        Secret: st.just(Secret("act.a-secret-that-stays")),
        TikTokError: st.just(ConfigurationError("it went wrong")),
    }
    if kind in known:
        return known[kind]
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    return models(kind)


def models(cls: type) -> st.SearchStrategy[Any]:
    kinds = get_type_hints(cls)
    fields = attrs.fields(cls)
    return st.builds(cls, **{field.name: values(kinds[field.name]) for field in fields if field.name != "raw"})


CASES = [one for one in MODELS if one.__name__ not in SPECIAL]


def test_the_models_were_found() -> None:
    assert {"User", "Video", "Page", "PublishStatus", "RequestFinished", "AuthorizationRemoved", "Token"} <= {
        one.__name__ for one in MODELS
    }


@given(st.data())
def test_every_model_becomes_json_that_names_every_public_field(data: st.DataObject) -> None:
    value = data.draw(models(data.draw(st.sampled_from(CASES))))
    found = value.to_dict()
    assert json.loads(value.to_json()) == json.loads(json.dumps(found)) == found
    assert found.keys() == {field.name for field in attrs.fields(type(value))} - HIDDEN.get(type(value), {"raw"})
    assert "a-secret-that-stays" not in value.to_json()


@given(st.data())
def test_pydantic_gives_what_to_dict_gives_and_reads_it_back(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from([one for one in CASES if one.__name__ not in ONE_WAY]))
    value = data.draw(models(cls))
    adapter = adapter_of(cls)
    assert json.loads(adapter.dump_json(value)) == adapter.dump_python(value) == value.to_dict()
    assert adapter.validate_python(value) is value
    assert adapter.validate_python(value.to_dict()).to_dict() == value.to_dict()
    assert adapter.validate_json(value.to_json()).to_dict() == value.to_dict()


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_every_model_has_a_schema_that_describes_it_and_each_of_its_fields(cls: type[JsonModel]) -> None:
    adapter = adapter_of(cls)
    for schema in (adapter.json_schema(mode="serialization"), adapter.json_schema(mode="validation")):
        assert schema["title"] == cls.__name__
        assert schema["description"]
        assert [name for name, one in schema["properties"].items() if not one.get("description")] == []


def test_times_are_in_utc_and_durations_in_seconds() -> None:
    berlin = timezone(timedelta(hours=1))
    video = Video(id="7", create_time=datetime(2026, 11, 28, 13, 0, 0, 500_000, tzinfo=berlin))
    assert video.to_dict()["create_time"] == "2026-11-28T12:00:00.500000Z"
    assert Video(id="7", create_time=NOON, duration=timedelta(seconds=15)).to_dict()["duration"] == 15
    assert RetryPolicy().to_dict()["base"] == 0.25


def test_words_and_numbers_of_tiktok_stay_unchanged() -> None:
    status = PublishStatus(state=PublishState.FAILED, fail_reason="a_new_reason")
    assert (type(status.to_dict()["state"]), status.to_dict()["state"]) == (str, "FAILED")
    assert status.to_dict()["fail_reason"] == "a_new_reason"
    removed = AuthorizationRemoved(name="x", client_key="k", create_time=NOON, reason=RemovalReason.ACCOUNT_BANNED)
    assert removed.to_dict()["reason"] == 4


def test_data_without_a_field_comes_with_raw_only() -> None:
    video = Video(id="7", raw={"id": 7, "new_count": 12})
    assert "new_count" not in video.to_dict()
    assert video.to_dict(raw=True) == {**video.to_dict(), "new_count": 12}
    page = Page(items=(video,))
    assert page.to_dict(raw=True)["items"][0]["new_count"] == 12
    sent = {"event": "x", "user_openid": "u", "client_key": "k", "content": "{}", "create_time": 1, "extra": 5}
    event = AuthorizationRemoved(name="x", client_key="k", create_time=NOON, open_id="u", reason=1, raw=sent)
    assert event.to_dict(raw=True) == {**event.to_dict(), "extra": 5}


def test_half_a_surrogate_pair_still_becomes_text_that_can_be_sent() -> None:
    text = Video(id="7", title="a\ud800").to_json()
    assert text.encode()
    assert json.loads(text)["title"] == "a\ud800"


def test_a_token_gives_its_public_fields_only() -> None:
    key = AccountKey("app", "somebody")
    attempt = RefreshAttempt(fingerprint="0123456789abcdef", at=NOON)
    token = Token(
        key=key,
        access_token=Secret("act.hidden"),
        refresh_token=Secret("rft.hidden"),
        scopes={"video.list", "user.info.basic"},
        expires_at=NOON,
        refresh_expires_at=NOON,
        updated_at=NOON,
        attempt=attempt,
    )
    assert token.to_dict()["key"] == {"client_key": "app", "open_id": "somebody"}
    assert token.to_dict()["scopes"] == ["user.info.basic", "video.list"]
    client = ClientToken(access_token=Secret("clt.hidden"), expires_at=NOON)
    progress = UploadProgress(chunk=0, chunks=1, sent=1, total=1, state="https://upload/?token=hidden")
    for one in (token, client, progress):
        assert "hidden" not in one.to_json()
        assert "0123456789abcdef" not in one.to_json()


def test_an_error_in_a_result_has_its_name_and_message() -> None:
    error = RateLimited(code="rate_limit_exceeded", message="slow down", log_id="L1", status=429)
    reported = tiktok_async.AccountSync(open_id="u", state=tiktok_async.SyncState.FAILED, error=error).to_dict()[
        "error"
    ]
    assert (reported["error"], reported["code"], reported["log_id"]) == ("RateLimited", "rate_limit_exceeded", "L1")
    assert "slow down" in reported["message"]


async def test_a_result_of_a_sync_names_its_account() -> None:
    async with TikTokSession(client_key="k", client_secret="s") as session:
        result = SyncResult(account=session.account("somebody"), videos=(Video(id="7"),))
        assert result.to_dict()["account"] == "somebody"
        assert json.loads(TypeAdapter(SyncResult).dump_json(result)) == result.to_dict()


def test_pydantic_reads_tiktoks_own_json() -> None:
    read = TypeAdapter(ResearchVideo).validate_python
    video = read({"id": 7_320_768_187_275_005_226, "create_time": 1_767_355_194, "video_duration": 31, "new": 1})
    assert (video.id, video.video_duration, video.raw["new"]) == ("7320768187275005226", timedelta(seconds=31), 1)
    assert video.create_time == datetime.fromtimestamp(1_767_355_194, UTC)
    assert TypeAdapter(Playlist).validate_python({"playlist_video_ids": [7]}).playlist_video_ids == ("7",)
    assert TypeAdapter(PublishStatus).validate_python({"state": "FAILED"}).state is PublishState.FAILED
    assert TypeAdapter(User).validate_python({"open_id": "u", "bio_description": None}).bio_description is None


@pytest.mark.parametrize("wrong", [{}, {"id": None}, {"id": "7", "view_count": "many"}, 7, None, []])
def test_pydantic_says_what_is_wrong(wrong: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Video).validate_python(wrong)


def test_a_broken_rule_is_a_validation_error_of_pydantic() -> None:
    with pytest.raises(ValidationError, match="SELF_ONLY"):
        TypeAdapter(VideoPost).validate_python({"privacy_level": "SELF_ONLY", "brand_content_toggle": True})
    post = TypeAdapter(PhotoPost).validate_python({"privacy_level": "SELF_ONLY", "title": "hi"})
    assert post == PhotoPost(privacy_level=PrivacyLevel.SELF_ONLY, title="hi")
    limit = Limit(6, timedelta(minutes=1))
    assert TypeAdapter(Limit).validate_python(limit.to_dict()) == limit


def test_pydantic_models_hold_ours() -> None:
    class Card(BaseModel):
        creator: User
        newest: Page[Video]

    card = Card(creator=User(open_id="u"), newest=Page(items=(Video(id="7"),)))
    assert Card.model_validate_json(card.model_dump_json()).newest.items[0].id == "7"
    assert card.model_dump(exclude_none=True)["creator"] == {"open_id": "u"}


def test_include_and_exclude_are_kept() -> None:
    adapter = TypeAdapter(Video)
    video = Video(id="7", title="hi")
    assert adapter.dump_python(video, include={"id"}) == {"id": "7"}
    assert "title" not in adapter.dump_python(video, exclude={"title"})


def test_fastapi_gives_models_out_and_documents_them() -> None:
    app = FastAPI()

    @app.get("/me")
    async def me() -> User:
        return User(open_id="u", display_name="Ann")

    @app.get("/videos", response_model=list[Video], response_model_exclude_none=True)
    async def videos() -> Any:
        return [Video(id="7", create_time=NOON)]

    @app.get("/page")
    async def page() -> Page[Video]:
        return Page(items=(Video(id="7"),), has_more=True, cursor=3)

    with TestClient(app) as browser:
        assert browser.get("/me").json() == User(open_id="u", display_name="Ann").to_dict()
        assert browser.get("/videos").json() == [{"id": "7", "create_time": "2026-11-28T12:00:00Z"}]
        assert browser.get("/page").json()["items"][0]["id"] == "7"
        schemas = browser.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["User"]["properties"]["display_name"]["description"] == "The displayed name; it can change."
    assert schemas["Video"]["description"].startswith("A public video.")


def test_pydantic_is_not_needed_and_not_loaded() -> None:
    program = (
        "import sys; sys.modules['pydantic'] = sys.modules['pydantic_core'] = None\n"
        "import tiktok_async; print(tiktok_async.User(open_id='u').to_json()[:14])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == '{"open_id":"u"\n'
