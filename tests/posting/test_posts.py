"""A post is compared with TikTok's rules before anything is sent, and one error names every problem."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import ConfigurationError, CreatorInfo, PhotoPost, PrivacyLevel, PullFromUrl, VideoPost
from tiktok_async.api.posting.rules.preflight import photo_problems, photo_url_problems, video_problems

SELF = PrivacyLevel.SELF_ONLY
PUBLIC = PrivacyLevel.PUBLIC_TO_EVERYONE
URL = "https://media.example.com/1.webp"
INFO = CreatorInfo(
    privacy_level_options=(PUBLIC, PrivacyLevel.MUTUAL_FOLLOW_FRIENDS, SELF),
    comment_disabled=False,
    duet_disabled=False,
    stitch_disabled=False,
    max_video_post_duration_sec=300,
)


def test_privacy_has_no_default() -> None:
    with pytest.raises(TypeError):
        VideoPost(title="hello")  # type: ignore[call-arg]  # the point of the test
    with pytest.raises(TypeError):
        PhotoPost(title="hello")  # type: ignore[call-arg]  # the point of the test


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200), repeat=st.integers(1, 25))
def test_lengths_are_counted_in_utf16_units(text: str, repeat: int) -> None:
    title = text * repeat
    units = sum(2 if ord(letter) > 0xFFFF else 1 for letter in title)
    if units <= 2200:
        assert VideoPost(title=title, privacy_level=SELF).title == title
    else:
        with pytest.raises(ConfigurationError, match=f"{units} UTF-16 units"):
            VideoPost(title=title, privacy_level=SELF)


@pytest.mark.parametrize(("field", "most"), [("title", 90), ("description", 4000)])
def test_texts_of_photos_have_their_own_limits(field: str, most: int) -> None:
    emoji = "\N{GRINNING FACE}"
    fits: dict[str, Any] = {field: emoji * (most // 2)}
    PhotoPost(privacy_level=SELF, **fits)
    too_long: dict[str, Any] = {field: emoji * (most // 2 + 1)}
    with pytest.raises(ConfigurationError, match=f"{field} is {most + 2}"):
        PhotoPost(privacy_level=SELF, **too_long)


def test_every_problem_of_a_video_is_in_one_error() -> None:
    with pytest.raises(ConfigurationError) as caught:
        VideoPost(
            privacy_level=SELF,
            title="x" * 2201,
            video_cover_timestamp_ms=-1,
            brand_content_toggle=True,
            duration=timedelta(0),
        )
    assert len(caught.value.problems) == 4
    assert all(problem in str(caught.value) for problem in caught.value.problems)


def test_every_problem_of_photos_is_in_one_error() -> None:
    post = PhotoPost(privacy_level=None, cover_index=3)
    problems = photo_url_problems([URL, "http://a.example/1", "https://10.0.0.1/1"], post, direct=True)
    assert [problem.split(" must")[0] for problem in problems] == [
        "cover_index is 3, but there are 3 photos",
        "the URL of photo 1",
        "the URL of photo 2",
        "privacy_level is missing; only a draft can be sent without one",
    ]


@pytest.mark.parametrize("count", [0, 36])
def test_a_photo_post_has_1_to_35_photos(count: int) -> None:
    assert photo_url_problems([URL] * count, PhotoPost(privacy_level=SELF), direct=True)
    assert not photo_url_problems([URL] * 35, PhotoPost(privacy_level=SELF), direct=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://media.example.com/v.mp4",
        "https://127.0.0.1/v.mp4",
        "https://[::1]/v.mp4",
        "https://localhost/v.mp4",
        "https://user@media.example.com/v.mp4",
        "https://media.example.com:8443/v.mp4",
        "https://media.example.com",
        "https://media.example.com/a b",
        "https://media.example.com/v\u00eddeo.mp4",
        "ftp://media.example.com/v.mp4",
        "",
    ],
)
def test_a_url_tiktok_could_not_fetch_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PullFromUrl(url)
    assert not url or url not in str(caught.value)


def test_a_signed_url_is_not_shown() -> None:
    assert "Signature" not in repr(PullFromUrl("https://media.example.com/v.mp4?X-Signature=abc"))


def test_a_post_that_the_creator_allows_has_no_problem() -> None:
    assert video_problems(VideoPost(privacy_level=PUBLIC, duration=timedelta(minutes=5)), INFO) == []
    assert photo_problems(PhotoPost(privacy_level=SELF), INFO) == []


def test_everything_that_the_creator_does_not_allow_is_in_one_error() -> None:
    info = CreatorInfo(
        privacy_level_options=(SELF,),
        comment_disabled=True,
        duet_disabled=True,
        stitch_disabled=True,
        max_video_post_duration_sec=60,
    )
    promise = {"disable_comment": False, "disable_duet": False, "disable_stitch": False}
    post = VideoPost(privacy_level=PUBLIC, duration=timedelta(seconds=61), **promise)  # type: ignore[arg-type]  # by name
    assert len(video_problems(post, info)) == 5
    quiet = VideoPost(privacy_level=SELF, disable_comment=True, disable_duet=True, disable_stitch=True)
    assert video_problems(quiet, info) == []


def test_duet_stitch_and_duration_are_ignored_for_photos() -> None:
    info = CreatorInfo(privacy_level_options=(SELF,), duet_disabled=True, stitch_disabled=True)
    assert photo_problems(PhotoPost(privacy_level=SELF), info) == []


def test_a_missing_field_of_creator_info_is_not_a_problem() -> None:
    assert video_problems(VideoPost(privacy_level="A_NEW_LEVEL", duration=timedelta(hours=1)), CreatorInfo()) == []


def test_the_longest_video_is_a_duration() -> None:
    assert INFO.max_video_post_duration == timedelta(minutes=5)
    assert CreatorInfo().max_video_post_duration is None
