"""Posting: the requests, what is refused before them, and how answers are read."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.media.making import header
from tiktok_async import (
    Account,
    ConfigurationError,
    Endpoint,
    PhotoPost,
    PostingRefused,
    PrivacyLevel,
    PullFromUrl,
    ScopeNotGranted,
    TikTokSession,
    UploadRejected,
    VideoPost,
)
from tiktok_async.emulator import EmulatedUser, Emulator

PHOTOS = ["https://media.example.com/1.webp", "https://media.example.com/2.webp"]
SELF = PrivacyLevel.SELF_ONLY


def inits(emulator: Emulator) -> list[Any]:
    return [post.body for post in emulator.posts]


async def test_creator_info_says_what_the_creator_allows(
    emulator: Emulator, account: Account, user: EmulatedUser
) -> None:
    emulator.creator(user, comment_disabled=True, max_video_post_duration_sec=60)
    info = await account.creator_info()
    assert info.comment_disabled is True
    assert info.max_video_post_duration == timedelta(minutes=1)
    assert PrivacyLevel.SELF_ONLY in info.privacy_level_options


@pytest.mark.parametrize(
    "code", ["spam_risk_too_many_posts", "spam_risk_user_banned_from_posting", "reached_active_user_cap"]
)
async def test_a_refusal_with_status_200_is_a_refusal(emulator: Emulator, account: Account, code: str) -> None:
    emulator.fail_next(Endpoint.CREATOR_INFO, status=200, code=code)
    with pytest.raises(PostingRefused) as caught:
        await account.creator_info()
    assert caught.value.code == code
    assert caught.value.advice


async def test_the_init_of_a_video_holds_its_settings_and_its_chunk_plan(emulator: Emulator, account: Account) -> None:
    post = VideoPost(
        title="hello \N{GRINNING FACE}",
        privacy_level=SELF,
        disable_comment=True,
        disable_stitch=True,
        video_cover_timestamp_ms=1000,
        brand_organic_toggle=True,
        is_aigc=True,
    )
    publish = await account.post_video(b"x" * 20_000_000, post, chunk_size=6_000_000)
    assert inits(emulator) == [
        {
            "post_info": {
                "title": "hello \N{GRINNING FACE}",
                "privacy_level": "SELF_ONLY",
                "disable_comment": True,
                "disable_stitch": True,
                "video_cover_timestamp_ms": 1000,
                "brand_content_toggle": False,
                "brand_organic_toggle": True,
                "is_aigc": True,
            },
            "source_info": {
                "source": "FILE_UPLOAD",
                "video_size": 20_000_000,
                "chunk_size": 6_000_000,
                "total_chunk_count": 3,
            },
        }
    ]
    assert publish.plan is not None
    assert publish.plan.count == 3


async def test_the_init_of_a_draft_holds_its_chunk_plan_alone(emulator: Emulator, account: Account) -> None:
    await account.draft_video(b"x" * 1_000)
    assert inits(emulator) == [
        {"source_info": {"source": "FILE_UPLOAD", "video_size": 1000, "chunk_size": 1000, "total_chunk_count": 1}}
    ]


async def test_the_init_of_a_pulled_video_holds_its_url(emulator: Emulator, account: Account, post: VideoPost) -> None:
    publish = await account.post_video(PullFromUrl("https://media.example.com/v.mp4"), post)
    assert inits(emulator)[0]["source_info"] == {
        "source": "PULL_FROM_URL",
        "video_url": "https://media.example.com/v.mp4",
    }
    assert publish.plan is None
    assert [progress async for progress in publish.upload()] == []


async def test_a_url_on_an_unverified_domain_is_refused_by_tiktok(account: Account, post: VideoPost) -> None:
    with pytest.raises(PostingRefused) as caught:
        await account.post_video(PullFromUrl("https://media.unverified.org/v.mp4"), post)
    assert caught.value.code == "url_ownership_unverified"


async def test_the_init_of_photos_holds_their_settings(emulator: Emulator, account: Account) -> None:
    post = PhotoPost(privacy_level=SELF, title="t", description="d", auto_add_music=True, cover_index=1)
    await account.post_photos(PHOTOS, post)
    assert inits(emulator) == [
        {
            "media_type": "PHOTO",
            "post_mode": "DIRECT_POST",
            "post_info": {
                "title": "t",
                "description": "d",
                "privacy_level": "SELF_ONLY",
                "auto_add_music": True,
                "brand_content_toggle": False,
                "brand_organic_toggle": False,
            },
            "source_info": {"source": "PULL_FROM_URL", "photo_images": PHOTOS, "photo_cover_index": 1},
        }
    ]


async def test_a_photo_draft_sends_title_and_description_alone(emulator: Emulator, account: Account) -> None:
    await account.draft_photos(PHOTOS, PhotoPost(privacy_level=None, title="t"))
    assert inits(emulator)[0]["post_mode"] == "MEDIA_UPLOAD"
    assert inits(emulator)[0]["post_info"] == {"title": "t"}


@pytest.mark.parametrize(("granted", "missing"), [("video.upload", "video.publish"), ("video.publish", "video.upload")])
async def test_the_mode_of_photos_decides_which_scope_they_need(
    emulator: Emulator, session: TikTokSession, granted: str, missing: str
) -> None:
    user = emulator.add_user(scopes={"user.info.basic", granted})
    account = await emulator.connect(session, user)
    begin = account.post_photos if missing == "video.publish" else account.draft_photos
    with pytest.raises(ScopeNotGranted) as caught:
        await begin(PHOTOS, PhotoPost(privacy_level=SELF))
    assert caught.value.missing == {missing}
    assert inits(emulator) == []


async def test_every_problem_of_photos_is_reported_before_anything_is_sent(
    emulator: Emulator, account: Account
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await account.post_photos(["http://a.example/1.jpg"] * 36, PhotoPost(privacy_level=None))
    assert len(caught.value.problems) == 38
    with pytest.raises(ConfigurationError, match="one str, not a list"):
        await account.post_photos("https://media.example.com/1.webp", PhotoPost(privacy_level=SELF))
    assert inits(emulator) == []


async def test_a_check_reports_everything_that_the_creator_does_not_allow(
    emulator: Emulator, account: Account, user: EmulatedUser
) -> None:
    emulator.creator(
        user,
        privacy=["SELF_ONLY"],
        comment_disabled=True,
        duet_disabled=True,
        stitch_disabled=True,
        max_video_post_duration_sec=60,
    )
    post = VideoPost(
        privacy_level=PrivacyLevel.PUBLIC_TO_EVERYONE,
        duration=timedelta(minutes=2),
        disable_comment=False,
        disable_duet=False,
        disable_stitch=False,
    )
    with pytest.raises(ConfigurationError) as caught:
        await account.post_video(b"x", post, check=True)
    assert len(caught.value.problems) == 5
    with pytest.raises(ConfigurationError, match="PUBLIC_TO_EVERYONE is not among"):
        photos = PhotoPost(privacy_level=PrivacyLevel.PUBLIC_TO_EVERYONE)
        await account.post_photos(PHOTOS, photos, check=True)
    assert inits(emulator) == []


async def test_creator_info_is_not_requested_without_a_check(
    emulator: Emulator, account: Account, post: VideoPost
) -> None:
    await account.post_video(b"x", post)
    assert not [request for request in emulator.requests if request.endpoint is Endpoint.CREATOR_INFO]


@pytest.mark.parametrize(
    "case",
    [
        ("v.mp4", None, "video/mp4"),
        ("v.MOV", None, "video/quicktime"),
        ("v.webm", None, "video/webm"),
        ("video", None, "video/mp4"),
        ("v.bin", None, "video/mp4"),
        ("v.avi", "video/webm", "video/webm"),
    ],
)
async def test_the_content_type_comes_from_the_name_or_the_caller(
    emulator: Emulator, account: Account, post: VideoPost, tmp_path: Path, case: tuple[str, str | None, str]
) -> None:
    name, reported, sent = case
    (tmp_path / name).write_bytes(b"video")
    publish = await account.post_video(tmp_path / name, post, content_type=reported)
    async for _ in publish.upload():
        pass
    puts = [request for request in emulator.requests if request.method == "PUT"]
    assert [request.headers["Content-Type"] for request in puts] == [sent]


@pytest.mark.parametrize("source", [b"video", bytearray(b"video"), memoryview(b"video"), io.BytesIO(b"video")])
async def test_bytes_and_files_count_as_mp4(emulator: Emulator, account: Account, post: VideoPost, source: Any) -> None:
    publish = await account.post_video(source, post)
    async for _ in publish.upload():
        pass
    puts = [request for request in emulator.requests if request.method == "PUT"]
    assert puts[0].headers["Content-Type"] == "video/mp4"
    assert "Authorization" not in puts[0].headers
    assert not emulator.leaked_bearer


async def test_the_error_for_an_invalid_source_says_what_to_do(
    emulator: Emulator, account: Account, post: VideoPost, tmp_path: Path
) -> None:
    (tmp_path / "v.avi").write_bytes(b"video")
    (tmp_path / "empty.mp4").write_bytes(b"")
    wrong: list[tuple[Any, str]] = [
        (tmp_path / "missing.mp4", "FileNotFoundError"),
        (tmp_path, "IsADirectoryError"),
        (tmp_path / "v.avi", "convert"),
        (tmp_path / "empty.mp4", "empty"),
        ("https://media.example.com/v.mp4", "PullFromUrl"),
        (b"", "empty"),
        (io.StringIO("text"), "opened with 'rb'"),
        (42, "a path, bytes"),
        (None, "a path, bytes"),
    ]
    for source, says in wrong:
        with pytest.raises(ConfigurationError, match=says):
            await account.post_video(source, post)
    with pytest.raises(ConfigurationError, match="video/mp4"):
        await account.post_video(b"x", post, content_type="video/x-matroska")
    with pytest.raises(ConfigurationError, match="leave chunk_size"):
        await account.post_video(PullFromUrl("https://media.example.com/v.mp4"), post, chunk_size=10_000_000)
    assert inits(emulator) == []


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/upload?upload_token=secret-0001",
        "http://169.254.169.254/latest/?upload_token=secret-0001",
        "https://user@open-upload.tiktokapis.com/?upload_token=secret-0001",
    ],
)
async def test_an_upload_address_that_is_not_tiktoks_is_refused(
    emulator: Emulator, account: Account, post: VideoPost, address: str
) -> None:
    body = f'{{"data":{{"publish_id":"v_pub_file~v2-1.1","upload_url":"{address}"}},"error":{{"code":"ok"}}}}'
    emulator.fail_next(Endpoint.VIDEO_INIT, body=body)
    with pytest.raises(UploadRejected) as caught:
        await account.post_video(b"x", post)
    assert caught.value.publish_id == "v_pub_file~v2-1.1"
    assert "secret-0001" not in str(caught.value)
    state = (await account.post_video(b"video", post)).to_json()
    good = emulator.posts[-1].upload
    assert good is not None
    hostile = state.replace(emulator.url, "https://evil.example")
    assert hostile != state
    with pytest.raises(UploadRejected):
        await anext(account.publish(hostile, b"video").upload())


async def test_every_chunk_arrives_complete_and_in_order(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path
) -> None:
    publish = await account.post_video(clip, post, chunk_size=6_000_000)
    progress = [step async for step in publish.upload()]
    assert [step.sent for step in progress] == [6_000_000, 12_000_000, 19_000_000]
    assert [(step.chunk, step.chunks, step.total) for step in progress] == [(n, 3, 19_000_000) for n in range(3)]
    arrivals = emulator.posts[0].arrivals
    assert [arrival.status for arrival in arrivals] == [206, 206, 201]
    assert (await publish.wait()).succeeded


async def test_a_video_longer_than_its_creator_may_post_is_refused_by_its_header_before_the_init(
    emulator: Emulator, account: Account, user: EmulatedUser, post: VideoPost
) -> None:
    emulator.creator(user, max_video_post_duration_sec=9)
    with pytest.raises(ConfigurationError, match="lasts 10 s, but this creator may post 9 s"):
        await account.post_video(header(milliseconds=10_000), post, check=True)
    assert not emulator.posts
    emulator.creator(user, max_video_post_duration_sec=10)
    await account.post_video(header(milliseconds=10_000), post, check=True)
