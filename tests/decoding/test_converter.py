"""JSON to models: wrong types are errors, missing and new fields are not, and no error shows a value."""

import copy
import logging
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async._decoding.converter import DecodeError, structure
from tiktok_async.models import USER_FIELD_SCOPES, Scope, User, UserField, Video, VideoField
from tiktok_async.models._wire import WireModel, identifier, renamed

CANARY = "CanaryValueThatMustNeverShow"


class Colour(StrEnum):
    RED = "red"


@attrs.frozen(kw_only=True)
class Reply(WireModel):
    id: str = identifier()
    likes: int | None = renamed("like_count")


@attrs.frozen(kw_only=True)
class Everything:
    text: str
    number: int | None = None
    share: float | None = None
    flag: bool = False
    at: datetime | None = None
    lasts: timedelta | None = None
    colour: Colour | str | None = None
    reply: Reply | None = None
    replies: tuple[Reply, ...] = ()
    ids: tuple[str, ...] = identifier(default=())
    names: tuple[str, ...] | None = None
    options: Mapping[str, Any] = attrs.field(factory=dict)
    anything: Any = None


@attrs.frozen(kw_only=True)
class Item(WireModel):
    """The fields of `Everything`, as an item of a listing."""

    text: str
    number: int | None = None
    share: float | None = None
    at: datetime | None = None
    lasts: timedelta | None = None
    colour: Colour | str | None = None
    reply: Reply | None = None
    replies: tuple[Reply, ...] = ()
    ids: tuple[str, ...] = identifier(default=())
    names: tuple[str, ...] | None = None
    options: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Page:
    videos: tuple[Video, ...] = ()
    has_more: bool = False


FULL = {
    "id": "7080213458555737986",
    "create_time": 1646883959,
    "cover_image_url": "https://x.tiktokcdn.com/1.image?x-expires=1657851434&x-signature=a%3D",
    "share_url": "https://www.tiktok.com/@emu/video/1",
    "video_description": "video 1 #tag",
    "duration": 15,
    "height": 1024,
    "width": 576,
    "title": "video 1",
    "embed_html": "<blockquote></blockquote>",
    "embed_link": "https://www.tiktok.com/static/profile-video?id=1",
    "like_count": 5,
    "comment_count": 1,
    "share_count": 0,
    "view_count": 321,
}


def wrong(data: Any, cls: type[Any] = Everything) -> str:
    with pytest.raises(DecodeError) as caught:
        structure(data, cls)
    assert caught.value.__suppress_context__
    return str(caught.value)


def test_a_video_is_read_with_times_and_durations() -> None:
    video = structure(dict(FULL), Video)
    assert video.create_time == datetime(2022, 3, 10, 3, 45, 59, tzinfo=UTC)
    assert video.duration == timedelta(seconds=15)
    plain = {name: value for name, value in FULL.items() if name not in {"create_time", "duration"}}
    assert {name: getattr(video, name) for name in plain} == plain
    assert video.cover_expires_at == datetime(2022, 7, 15, 2, 17, 14, tzinfo=UTC)


def test_the_field_enums_name_exactly_the_models_fields() -> None:
    for model, fields in ((Video, VideoField), (User, UserField)):
        assert {str(name) for name in fields} == {one.name for one in attrs.fields(model)} - {"raw"}
    assert set(USER_FIELD_SCOPES) == set(UserField)
    assert set(USER_FIELD_SCOPES.values()) == {
        Scope.USER_INFO_BASIC,
        Scope.USER_INFO_PROFILE,
        Scope.USER_INFO_STATS,
    }


def test_a_structured_model_equals_a_constructed_one() -> None:
    video = structure(dict(FULL), Video)
    same = Video(**FULL | {"create_time": video.create_time, "duration": video.duration})  # type: ignore[arg-type] # one dict of all types
    assert type(video) is Video
    assert video == same
    assert hash(video) == hash(same)
    assert repr(video) == repr(same)
    assert attrs.evolve(video, title="new").create_time == video.create_time
    assert attrs.asdict(video)["duration"] == timedelta(seconds=15)


def test_a_structured_model_survives_pickle_and_copy_before_any_field_was_read() -> None:
    for again in (
        pickle.loads(pickle.dumps(structure(dict(FULL), Video))),
        copy.deepcopy(structure(dict(FULL), Video)),
    ):
        assert again == structure(dict(FULL), Video)
        assert again.raw == FULL


def test_a_structured_model_is_frozen() -> None:
    video = structure(dict(FULL), Video)
    for name in ("title", "create_time", "raw"):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(video, name, None)


OPTIONAL = sorted(FULL.keys() - {"id"})


@given(st.sets(st.sampled_from(OPTIONAL)), st.sets(st.sampled_from(OPTIONAL)))
def test_fields_that_were_not_requested_and_nulls_are_none(asked: set[str], nulls: set[str]) -> None:
    body: dict[str, Any] = {name: FULL[name] for name in {*asked, "id"}} | dict.fromkeys(nulls)
    video, full = structure(body, Video), structure(dict(FULL), Video)
    for name in OPTIONAL:
        assert getattr(video, name) == (getattr(full, name) if name in asked - nulls else None)


def test_unknown_fields_are_kept_in_raw_and_change_nothing() -> None:
    video = structure({**FULL, "new_field": {"a": [1]}}, Video)
    assert video.raw["new_field"] == {"a": [1]}
    assert video == structure(dict(FULL), Video)
    assert "new_field" not in repr(video)


def test_null_never_becomes_a_string() -> None:
    user = structure({"open_id": None, "display_name": None}, User)
    assert (user.open_id, user.display_name) == (None, None)
    assert "'None'" not in repr(user)


def test_the_error_for_a_wrong_type_names_its_path_and_never_its_value() -> None:
    body = {"videos": [dict(FULL), dict(FULL), dict(FULL), {**FULL, "id": {CANARY: 1}}]}
    assert wrong(body, Page) == "$.videos[3].id should be an id"
    assert wrong({"text": "", "reply": {"id": []}}) == "$.reply.id should be an id"
    assert wrong({"text": "", "replies": [{"id": 1}, {"id": [CANARY]}]}) == "$.replies[1].id should be an id"
    assert wrong({"videos": {}}, Page) == "$.videos should be a list"
    assert wrong([], Page) == "$ should be an object"


WRONG: dict[str, list[Any]] = {
    "text": [1, True, [], {}, None, 1.5],
    "number": ["", "1.0", " 1", "1_0", "\u0661", "9" * 30, True, 1.0, 1.5, [], {}],
    "share": ["", "x", "1e9", "nan", True, []],
    "flag": [0, 1, "yes", "", "1", []],
    "at": ["now", "9" * 19, True, 1.5, [], 10**15, -(10**15)],
    "lasts": ["2h", "9" * 19, True, [], 10**18, 1e300],
    "colour": [1, True, []],
    "reply": ["x", [], 1, {}],
    "replies": [{}, "ab", 1, [None], ["x"]],
    "ids": [{}, "ab", [None], [True], [1.5]],
    "names": [[1], "ab"],
    "options": [[], "x", 1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_type_is_refused(name: str, value: Any) -> None:
    assert wrong({"text": "", name: value}).startswith(f"$.{name}")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("number", "17", 17),
        ("number", "-3", -3),
        ("share", "4.5", 4.5),
        ("share", "4", 4.0),
        ("flag", "true", True),
        ("flag", "False", False),
        ("at", "1646883959", datetime(2022, 3, 10, 3, 45, 59, tzinfo=UTC)),
        ("lasts", "15", timedelta(seconds=15)),
    ],
)
def test_a_number_or_boolean_in_a_string_is_read(name: str, text: str, value: Any) -> None:
    assert getattr(structure({"text": "", name: text}, Everything), name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG.items() if name not in ("text", "flag") for value in values],
)
def test_an_invalid_field_of_an_item_is_left_out_logged_and_kept_in_raw(
    name: str, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"text": "whole", name: value}
    with caplog.at_level(logging.DEBUG, logger="tiktok_async.decoding"):
        found = structure([{"text": "before"}, body, {"text": "behind"}], tuple[Item, ...])
    assert found == (Item(text="before"), Item(text="whole"), Item(text="behind"))
    assert found[1].raw == body
    (record,) = caplog.records
    assert f"Item.{name}" in record.getMessage()


def test_the_log_record_of_an_invalid_field_holds_no_value_and_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    @attrs.frozen(kw_only=True)
    class Fresh(WireModel):
        count: int | None = None

    with caplog.at_level(logging.DEBUG, logger="tiktok_async.decoding"):
        structure([{"count": CANARY}, {"count": CANARY}], tuple[Fresh, ...])
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.DEBUG]
    assert CANARY not in caplog.text


def test_a_required_field_that_is_missing_or_null_is_named() -> None:
    assert wrong({}) == "$.text should be a string"
    assert wrong({"text": None}) == "$.text should be a string"
    assert wrong({"text": "", "replies": [{}]}) == "$.replies[0].id should be an id"


def test_missing_and_null_become_the_default() -> None:
    for body in ({"text": "x"}, {"text": "x", **dict.fromkeys(WRONG.keys() - {"text"})}):
        found = structure(dict(body), Everything)
        assert found == Everything(text="x")
        assert (found.replies, found.ids, found.options, found.flag) == ((), (), {}, False)


@given(st.integers(0, 2**64 - 1))
def test_an_id_keeps_every_digit_whether_a_string_or_a_number(number: int) -> None:
    for value in (number, str(number)):
        body = orjson.loads(orjson.dumps({"text": "", "ids": [value], "replies": [{"id": value}]}))
        found = structure(body, Everything)
        assert (found.ids, found.replies[0].id) == ((str(number),), str(number))


def test_an_open_enum_reads_known_values_and_keeps_unknown_ones() -> None:
    found = [structure({"text": "", "colour": word}, Everything).colour for word in ("red", "mauve")]
    assert found == [Colour.RED, "mauve"]
    assert [type(one) for one in found] == [Colour, str]


@given(st.integers(-62135596800, 253402300799))
def test_epoch_seconds_become_the_same_moment_in_utc(seconds: int) -> None:
    found = structure({"text": "", "at": seconds}, Everything).at
    assert found == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert found is not None
    assert found.utcoffset() == timedelta(0)


@given(st.integers(-(10**12), 10**12))
def test_durations_are_seconds(seconds: int) -> None:
    assert structure({"text": "", "lasts": seconds}, Everything).lasts == timedelta(seconds=seconds)


def test_a_renamed_field_is_read_under_its_name_on_the_wire() -> None:
    assert structure({"id": 1, "like_count": 3, "likes": 9}, Reply).likes == 3


def test_a_list_of_models_can_be_read_directly() -> None:
    found = structure([{"id": 1}, {"id": "2"}], tuple[Reply, ...])
    assert [one.id for one in found] == ["1", "2"]


def test_a_model_without_raw_works() -> None:
    assert structure({"has_more": True, "videos": [{"id": "1"}]}, Page) == Page(videos=(Video(id="1"),), has_more=True)


def test_a_type_without_a_rule_is_a_type_error() -> None:
    for kind in (bytes, int | str):
        model = attrs.make_class("Odd", {"field": attrs.field(default=None)}, frozen=True)
        model.__annotations__ = {"field": kind}
        with pytest.raises(TypeError, match="knows no rule"):
            structure({"field": 1}, model)


@pytest.mark.parametrize(
    "cover",
    [None, "", "https://x/1.image", "https://x/?x-expires=soon", "https://x/?x-expires=9" + "9" * 30, "http://["],
)
def test_a_cover_url_without_a_valid_expiry_expires_at_none(cover: str | None) -> None:
    assert Video(id="1", cover_image_url=cover).cover_expires_at is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted({*FULL, *WRONG})), inner),
    max_leaves=20,
)


@given(JSON, st.sampled_from([Video, User, Everything, Page]))
def test_any_json_is_a_model_or_an_error_without_the_value(data: Any, cls: type[Any]) -> None:
    try:
        assert repr(structure(data, cls))
    except DecodeError as refusal:
        path, text = refusal.path, f"{refusal} {refusal!r}"
    else:
        return
    assert path.startswith("$")
    assert CANARY not in text
