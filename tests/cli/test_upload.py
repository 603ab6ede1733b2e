"""Posting: its output on a terminal, in a pipe and as JSON, and its result."""

import hashlib
import os
import re
from pathlib import Path

import pytest

from tests.cli.remote import Remote, events_of

SELF = ("--privacy", "SELF_ONLY")
CHUNKS = ("--chunk-size", "6000000")
PHOTO = "https://media.example.com/1.webp"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(os.urandom(20_000_000))
    return path


def sha256(clip: Path) -> str:
    return hashlib.sha256(clip.read_bytes()).hexdigest()


async def test_a_pipe_gets_a_plain_line_for_each_chunk_and_the_result_as_data(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    done = await remote.run("upload", "clip.mp4", *SELF, *CHUNKS, "--title", "hello #emu", "--disable-duet", "--aigc")
    assert done.code == 0, done.err
    (post,) = await remote.posts()
    assert post["sha256"] == sha256(clip)
    info = post["body"]["post_info"]
    assert (info["title"], info["privacy_level"]) == ("hello #emu", "SELF_ONLY")
    assert (info["disable_duet"], info["is_aigc"]) == (True, True)
    assert "disable_stitch" not in info, "TikTok decides about an option that was not given"
    moved = [line for line in done.err.splitlines() if " MB (" in line]
    assert [line.split(",")[0] for line in moved] == [
        "6.0 of 20.0 MB (30 %)",
        "12.0 of 20.0 MB (60 %)",
        "20.0 of 20.0 MB (100 %)",
    ]
    assert all(re.search(r" MB/s, \d+ s left$", line) for line in moved)
    assert "\x1b" not in done.out + done.err
    assert dict(line.split("\t") for line in done.out.splitlines())["state"] == "PUBLISH_COMPLETE"
    assert remote.states() == []


async def test_json_output_has_one_line_for_each_event(remote: Remote, clip: Path) -> None:
    del clip
    open_id = await remote.log_in()
    done = await remote.run("upload", "clip.mp4", *SELF, *CHUNKS, "--json")
    assert (done.code, done.err) == (0, "")
    events = events_of(done.out)
    assert [event["event"] for event in events] == ["accepted", *["uploaded"] * 3, "state", "status"]
    assert (events[0]["open_id"], events[0]["size"], events[0]["chunks"]) == (open_id, 20_000_000, 3)
    assert [event["sent"] for event in events[1:4]] == [6_000_000, 12_000_000, 20_000_000]
    assert {event["publish_id"] for event in events} == {(await remote.posts())[0]["publish_id"]}
    assert events[-1]["state"] == "PUBLISH_COMPLETE"


async def test_a_terminal_gets_a_bar_with_speed_and_time_left(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    await remote.admin("faults", {"endpoint": "upload", "delay": 0.3, "times": 3})
    done = await remote.on_a_terminal("upload", str(clip), *SELF, *CHUNKS)
    assert done.code == 0, done.out
    assert "━" in done.out
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", done.out)
    assert re.search(r"100% 20\.0/20\.0 MB .* MB/s \d:\d\d:\d\d", plain)
    assert "PUBLISH_COMPLETE" in done.out
    assert (await remote.posts())[0]["sha256"] == sha256(clip)


async def test_json_on_a_terminal_has_no_bar(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    done = await remote.on_a_terminal("upload", str(clip), *SELF, "--json")
    assert "\x1b" not in done.out
    assert events_of(done.out)[-1]["state"] == "PUBLISH_COMPLETE"


async def test_the_privacy_level_is_required(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    done = await remote.run("upload", str(clip))
    assert done.code == 2
    assert "--privacy" in done.err
    assert "SELF_ONLY" in done.err
    assert await remote.posts() == []


async def test_check_reports_a_setting_that_does_not_fit(remote: Remote, clip: Path) -> None:
    open_id = await remote.log_in()
    await remote.admin("creator", {"open_id": open_id, "duet_disabled": True, "privacy_level_options": ["SELF_ONLY"]})
    done = await remote.run("upload", str(clip), "--privacy", "public-to-everyone", "--check")
    assert done.code == 2
    assert "PUBLIC_TO_EVERYONE" in done.err
    assert await remote.posts() == []


async def test_no_wait_prints_the_command_that_waits(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    await remote.admin("timeline", {"processing": 3600})
    done = await remote.run("upload", str(clip), *SELF, "--no-wait")
    assert done.code == 0
    publish_id = done.out.strip().split("\t")[1]
    assert f"tiktok-async status {publish_id} --wait" in done.err
    asked = await remote.run("status", publish_id)
    assert (asked.code, asked.err) == (0, "TikTok says PROCESSING_UPLOAD.\n")
    assert "state\tPROCESSING_UPLOAD" in asked.out
    await remote.admin("clock", {"advance": 3600})
    waited = await remote.run("status", publish_id, "--wait", "--json")
    assert [event["event"] for event in events_of(waited.out)] == ["state", "status"]
    assert events_of(waited.out)[-1]["state"] == "PUBLISH_COMPLETE"


async def test_a_timeout_of_the_wait_is_not_reported_as_a_failure(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    await remote.admin("timeline", {"processing": 3600})
    done = await remote.run("upload", str(clip), *SELF, "--timeout", "0")
    assert done.code == 1
    assert "Nothing failed" in done.err
    assert "tiktok-async status " in done.err


async def test_a_failed_post_shows_its_reason(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    await remote.admin("timeline", {"fail_reason": "frame_rate_check_failed"})
    done = await remote.run("upload", str(clip), *SELF)
    assert done.code == 1
    assert "frame_rate_check_failed" in done.err
    assert "23 to 60 frames" in done.err
    assert remote.states() == []


async def test_a_draft_ends_in_the_inbox(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    done = await remote.run("draft", str(clip), "--json")
    assert done.code == 0, done.err
    assert events_of(done.out)[-1]["state"] == "SEND_TO_USER_INBOX"
    (post,) = await remote.posts()
    assert (post["endpoint"], post["sha256"]) == ("INBOX_INIT", sha256(clip))


async def test_photos_are_posted_or_sent_to_the_inbox(remote: Remote) -> None:
    await remote.log_in()
    posted = await remote.run("photos", PHOTO, PHOTO, *SELF, "--title", "two", "--json")
    assert posted.code == 0, posted.err
    assert [event["event"] for event in events_of(posted.out)] == ["accepted", "state", "status"]
    drafted = await remote.run("photos", PHOTO, "--draft", "--json")
    assert events_of(drafted.out)[-1]["state"] == "SEND_TO_USER_INBOX"
    assert [post["body"]["post_mode"] for post in await remote.posts()] == ["DIRECT_POST", "MEDIA_UPLOAD"]
    unsaid = await remote.run("photos", PHOTO)
    assert unsaid.code == 2
    assert "--draft" in unsaid.err


async def test_a_pull_from_a_url_can_be_cancelled(remote: Remote) -> None:
    await remote.log_in()
    await remote.admin("timeline", {"download": 600})
    begun = await remote.run("upload", "https://media.example.com/clip.mp4", *SELF, "--no-wait", "--json")
    assert begun.code == 0, begun.err
    publish_id = events_of(begun.out)[0]["publish_id"]
    assert (await remote.run("cancel", publish_id)).code == 0
    ended = await remote.run("status", publish_id, "--json")
    assert events_of(ended.out)[-1]["fail_reason"] == "publish_cancelled"


async def test_a_repeated_dedup_key_continues_the_first_post(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    for _ in range(2):
        done = await remote.run("upload", str(clip), *SELF, "--dedup-key", "job 1")
        assert done.code == 0, done.err
    assert len(await remote.posts()) == 1


async def test_a_revoked_grant_exits_with_3(remote: Remote, clip: Path) -> None:
    open_id = await remote.log_in()
    await remote.admin("revoke", {"open_id": open_id})
    done = await remote.run("upload", str(clip), *SELF)
    assert done.code == 3
    assert "tiktok-async login" in done.err


async def test_an_upload_without_a_folder_for_its_state_says_so_and_continues(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    (remote.folder / "a file").touch()
    done = await remote.run("upload", str(clip), *SELF, XDG_STATE_HOME=str(remote.folder / "a file"))
    assert (done.code, len(await remote.posts())) == (0, 1), done.err
    assert "XDG_STATE_HOME" in done.err
    assert "An upload that is interrupted cannot be continued" in done.err


async def test_an_upload_that_is_interrupted_without_a_saved_state_says_what_to_do(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    (remote.folder / "a file").touch()
    await remote.admin("faults", {"endpoint": "upload", "status": 400, "times": 100})
    done = await remote.run("upload", str(clip), *SELF, XDG_STATE_HOME=str(remote.folder / "a file"))
    assert done.code != 0
    assert "tiktok-async status " in done.err
    assert "--resume" not in done.err
