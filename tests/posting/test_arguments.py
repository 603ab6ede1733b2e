"""A wrong argument is refused before anything is sent, by one error that names every problem."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import (
    Account,
    ConfigurationError,
    PhotoPost,
    PrivacyLevel,
    PublishPending,
    PullFromUrl,
    RetryPolicy,
    TikTokSession,
    VideoPost,
    sync_videos,
)
from tiktok_async.api.posting.rules.preflight import (
    photo_hints,
    photo_list_problems,
    photo_url_problems,
    video_problems,
)
from tiktok_async.api.posting.rules.status import failure_of
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import CreatorInfo, PublishStatus
from tiktok_async.models._checks import Checks, as_duration

SELF = PrivacyLevel.SELF_ONLY
POST = VideoPost(privacy_level=SELF)
HALF = "caf\ud83d"
JPEG = "https://media.example.com/1.jpg"

WRONG_POLICY: dict[str, Any] = {"attempts": "3", "base": "1"}
WRONG: dict[str, list[Any]] = {
    "title": [5, b"text", HALF, ["a"]],
    "video_cover_timestamp_ms": [1500.0, True, "1500", -1, 2**31],
    "duration": ["15", True, float("nan"), float("inf"), 1e300, 0, -3, timedelta(0)],
    "privacy_level": ["private", "PRIVATE", "", None, 3, "self_only", ["SELF_ONLY"]],
    "disable_comment": ["no", 1, 0],
    "disable_duet": ["false"],
    "disable_stitch": [1.0],
    "brand_content_toggle": [None, "yes"],
    "brand_organic_toggle": [0],
    "is_aigc": ["true"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_an_invalid_setting_of_a_video_is_named(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        VideoPost(**{"privacy_level": SELF, name: value})
    assert len(caught.value.problems) == 1
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", HALF),
        ("description", 7),
        ("cover_index", "0"),
        ("cover_index", None),
        ("cover_index", 35),
        ("privacy_level", "friends"),
        ("disable_comment", "off"),
        ("auto_add_music", None),
    ],
)
def test_an_invalid_setting_of_photos_is_named(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        PhotoPost(**{"privacy_level": SELF, name: value})
    assert len(caught.value.problems) == 1


@given(picked=st.dictionaries(st.sampled_from(sorted(WRONG)), st.integers(0, 9), min_size=2))
def test_every_problem_is_reported_in_one_error(picked: dict[str, int]) -> None:
    wrong = {name: WRONG[name][number % len(WRONG[name])] for name, number in picked.items()}
    with pytest.raises(ConfigurationError) as caught:
        VideoPost(**{"privacy_level": SELF, **wrong})
    assert all(any(name in problem for problem in caught.value.problems) for name in wrong)


def test_the_error_for_a_wrong_privacy_level_names_the_allowed_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'private', not one of PUBLIC_TO_EVERYONE, .*SELF_ONLY"):
        VideoPost(privacy_level="private")
    assert VideoPost(privacy_level="FRIENDS_OF_FRIENDS").privacy_level == "FRIENDS_OF_FRIENDS"


def test_a_duration_may_be_seconds() -> None:
    assert VideoPost(privacy_level=SELF, duration=15).duration == timedelta(seconds=15)
    assert RetryPolicy(base=0.5, cap=3).base == timedelta(milliseconds=500)


@given(seconds=st.floats(0, 1e9))
def test_any_number_of_seconds_is_a_duration(seconds: float) -> None:
    assert as_duration(seconds) == timedelta(seconds=seconds)


@given(value=st.one_of(st.text(), st.booleans(), st.binary(), st.floats(), st.none(), st.lists(st.integers())))
def test_any_value_is_accepted_or_raises_our_own_error(value: Any) -> None:
    checks = Checks()
    checks.text("a", value)
    checks.flag("a", value)
    checks.whole("a", value, least=0)
    checks.duration("a", value)
    checks.moment("a", value, now=datetime(2026, 11, 28, tzinfo=UTC))
    checks.names("a", value)
    " ".join(checks.problems).encode()


async def test_an_invalid_post_is_reported_with_all_other_problems(emulator: Emulator, account: Account) -> None:
    await account.token()
    before = len(emulator.requests)
    wrong: Any = {"title": "hello"}
    with pytest.raises(ConfigurationError) as caught:
        await account.post_video(b"video", wrong, chunk_size=5.0, check="yes", dedup_key=7, content_type=1)  # type: ignore[arg-type]  # the point
    assert len(caught.value.problems) == 5
    with pytest.raises(ConfigurationError, match="36 photos") as caught:
        await account.post_photos([JPEG] * 36, wrong, dedup_key=b"key")  # type: ignore[arg-type]  # the point
    assert len(caught.value.problems) == 3
    for urls in (JPEG, 5, None):
        with pytest.raises(ConfigurationError, match="urls"):
            await account.post_photos(urls, PhotoPost(privacy_level=SELF))  # type: ignore[arg-type]  # the point
    assert len(emulator.requests) == before


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda account: account.videos(limit="5", page_size=2.0, since="7d", fields="id"), 4),
        (lambda account: account.videos(before=datetime(2026, 1, 1), cursor="8", read_ahead=True), 3),  # noqa: DTZ001 - a naive one is the point
        (lambda account: account.videos_by_id("7", fields="id"), 2),
        (lambda account: account.portability.request(7), 1),
        (lambda account: account.with_options(timeout="5", retry=3, max_rate_limit_wait="no"), 3),
        (lambda _: RetryPolicy(**WRONG_POLICY), 2),
    ],
)
def test_arguments_of_other_calls_are_checked_when_they_are_given(account: Account, call: Any, names: int) -> None:
    with pytest.raises(ConfigurationError) as caught:
        call(account)
    assert len(caught.value.problems) == names


async def test_fields_in_one_str_are_refused(account: Account) -> None:
    with pytest.raises(ConfigurationError, match=r"write \['open_id'\]"):
        await account.user_info("open_id")


@pytest.mark.parametrize("timeout", ["30", True, -1, float("nan")])
async def test_an_invalid_duration_is_refused_before_any_request(
    emulator: Emulator,
    account: Account,
    timeout: Any,  # noqa: ASYNC109 - it is passed on
) -> None:
    publish = account.publish("v_pub_file~v2-1.1")
    with pytest.raises(ConfigurationError, match="timeout"):
        await publish.wait(timeout)
    with pytest.raises(ConfigurationError, match="timeout"):
        await publish.run(timeout=timeout)
    with pytest.raises(ConfigurationError, match="timeout"):
        await account.portability.request("7").wait(timeout=timeout)
    assert not any("status" in request.path for request in emulator.requests)


async def test_the_timeout_of_a_wait_may_be_seconds(emulator: Emulator, account: Account, hurry: Any) -> None:
    emulator.plan_timeline(download=timedelta(hours=1))
    publish = await account.post_video(PullFromUrl("https://media.example.com/v.mp4"), POST)
    with pytest.raises(PublishPending):
        await hurry(publish.wait(30))


async def test_a_listing_goes_back_by_days_or_to_a_date(emulator: Emulator, session: TikTokSession) -> None:
    account = await emulator.connect(session, emulator.add_user(videos=12))
    videos = await account.videos().collect()
    moment = videos[4].create_time
    assert moment is not None
    ago = emulator.clock.now() - moment + timedelta(seconds=30)
    assert len(await account.videos(since=ago).collect()) == len(await account.videos(since=moment).collect())
    midnight = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    by_date = await account.videos(since=date(moment.year, moment.month, moment.day)).collect()
    assert by_date == await account.videos(since=midnight).collect()
    results = [result async for result in sync_videos(session, since=ago)]
    assert [len(result.videos) for result in results] == [len(await account.videos(since=ago).collect())]


async def test_a_sync_reports_every_invalid_argument(session: TikTokSession) -> None:
    with pytest.raises(ConfigurationError) as caught:
        async for _ in sync_videos(session, since="7d", concurrency=0, fields="id", look_back="week"):  # type: ignore[arg-type]  # the point
            pass
    assert len(caught.value.problems) == 4


async def test_a_setting_that_is_not_given_is_not_sent(emulator: Emulator, account: Account) -> None:
    await account.post_video(b"video", VideoPost(privacy_level=SELF, disable_duet=False, disable_stitch=True))
    sent = emulator.requests[-1].json["post_info"]
    assert "disable_comment" not in sent
    assert (sent["disable_duet"], sent["disable_stitch"]) == (False, True)


def test_only_settings_that_were_given_are_checked_against_the_creator() -> None:
    info = CreatorInfo(comment_disabled=True, duet_disabled=True, stitch_disabled=True)
    assert video_problems(VideoPost(privacy_level=SELF), info) == []
    promise = VideoPost(privacy_level=SELF, disable_comment=False, disable_duet=False, disable_stitch=False)
    assert len(video_problems(promise, info)) == 3


@pytest.mark.parametrize(
    "setting", ["disable_comment", "auto_add_music", "brand_content_toggle", "brand_organic_toggle"]
)
async def test_a_photo_draft_refuses_settings_that_it_cannot_send(account: Account, setting: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{setting} is not sent with a draft"):
        await account.draft_photos([JPEG], PhotoPost(privacy_level=None, **{setting: True}))  # type: ignore[arg-type]  # by name


def test_a_picture_name_that_tiktok_refuses_gives_a_hint() -> None:
    urls = [
        JPEG,
        "https://media.example.com/2.PNG?sig=.jpg",
        "https://media.example.com/3",
        "https://m.example.com/4.heic",
    ]
    assert [hint.split(",")[0] for hint in photo_hints(urls)] == [
        "photo 1 has the name of a PNG",
        "photo 3 has the name of a HEIC",
    ]


async def test_a_hint_comes_before_the_post(
    emulator: Emulator, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.posting.properties.add_domain("media.example.com")
    urls = ["https://media.example.com/1.png?sig=secret"]
    with pytest.raises(ConfigurationError, match="PNG"):
        await account.post_photos(urls, PhotoPost(privacy_level=SELF), check=True)
    await account.post_photos(urls, PhotoPost(privacy_level=SELF))
    assert "PNG" in caplog.text
    assert "secret" not in caplog.text


def test_problems_of_photos_and_of_their_settings_are_in_one_error() -> None:
    assert len(photo_list_problems([JPEG] * 36)) == 1
    assert len(photo_url_problems(["x"] * 36, PhotoPost(privacy_level=None), direct=True)) == 38


@pytest.mark.parametrize("reason", ["file_format_check_failed", "picture_size_check_failed"])
def test_advice_fits_the_medium(reason: str) -> None:
    failed = PublishStatus(state="FAILED", fail_reason=reason)
    for publish_id in ("p_pub_url~v2.7", "p_inbox_url~v2.7"):
        advice = failure_of(publish_id, failed).advice
        assert "photo" in advice
        assert "MP4" not in advice
    assert "photo" not in failure_of("v_pub_file~v2-1.7", failed).advice


async def test_a_session_accepts_seconds_and_reports_every_invalid_argument(
    emulator: Emulator, user: EmulatedUser
) -> None:
    wrong: dict[str, Any] = {"timeout": "30", "refresh_margin": "1h", "max_rate_limit_wait": True, "retry": 4}
    with pytest.raises(ConfigurationError) as caught:
        emulator.session(**wrong)
    assert len(caught.value.problems) == 4
    async with emulator.session(timeout=5, refresh_margin=60, max_rate_limit_wait=2.5) as session:
        await emulator.connect(session, user)
        assert (await session.refresh_due(1)).refreshed == 0
        async with session.keep_fresh(every=300):
            await asyncio.sleep(0)
