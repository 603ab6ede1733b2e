"""An upload that is interrupted, killed or refused, and how it is resumed; its URL is never shown."""

import asyncio
import hashlib
import json
import os
import signal
from pathlib import Path

import pytest

from tests.cli.remote import Remote, events_of

CHUNK = 6_000_000
UPLOAD = ("upload", "clip.mp4", "--privacy", "SELF_ONLY", "--chunk-size", str(CHUNK))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(os.urandom(20_000_000))
    return path


async def interrupt(remote: Remote, how: signal.Signals, *arguments: str, chunk: int = 1) -> tuple[int, str, str]:
    """Begin to upload, and send a signal within a chunk; return the exit code and the output."""
    await remote.hold_chunk(chunk)
    process = await remote.start(*UPLOAD, *arguments)
    await remote.until_held()
    process.send_signal(how)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def sha256(clip: Path) -> str:
    return hashlib.sha256(clip.read_bytes()).hexdigest()


async def assert_complete(remote: Remote, clip: Path) -> None:
    post = (await remote.posts())[-1]
    assert post["sha256"] == sha256(clip)
    accepted = [arrival["first"] for arrival in post["arrivals"] if arrival["status"] in {201, 206}]
    assert accepted == [0, CHUNK, 2 * CHUNK]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_upload_is_resumed_where_it_stopped(
    remote: Remote, clip: Path, how: signal.Signals
) -> None:
    await remote.log_in()
    code, out, err = await interrupt(remote, how)
    assert (code, out) == (130, "")
    (state,) = remote.states()
    assert str(state) in err
    assert "tiktok-async upload --resume" in err
    assert "Traceback" not in err
    assert (state.stat().st_mode & 0o777, state.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    done = await remote.run("upload", "--resume")
    assert done.code == 0, done.err
    assert "6.0 of" not in done.err
    await assert_complete(remote, clip)
    assert remote.states() == []


@pytest.mark.parametrize(("named", "chunk"), [("nothing", 0), ("publish_id", 1), ("state", 1), ("video", 2)])
async def test_a_killed_upload_can_be_resumed_by_any_of_its_names(
    remote: Remote, clip: Path, named: str, chunk: int
) -> None:
    await remote.log_in()
    code, _, _ = await interrupt(remote, signal.SIGKILL, chunk=chunk)
    assert code == -signal.SIGKILL
    (state,) = remote.states()
    names = {
        "nothing": [],
        "publish_id": [json.loads(state.read_text())["publish_id"]],
        "state": [str(state)],
        "video": ["clip.mp4"],
    }
    done = await remote.run("upload", "--resume", *names[named], "--json")
    assert done.code == 0, done.err
    assert events_of(done.out)[-1]["state"] == "PUBLISH_COMPLETE"
    await assert_complete(remote, clip)
    assert remote.states() == []


async def test_an_interruption_is_a_json_event(remote: Remote, clip: Path) -> None:
    del clip
    await remote.log_in()
    code, out, _ = await interrupt(remote, signal.SIGINT, "--json")
    assert code == 130
    assert events_of(out)[-1]["event"] == "interrupted"
    assert events_of(out)[-1]["state_file"] == str(remote.states()[0])


async def test_an_upload_can_be_resumed_from_a_moved_state_file(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    await interrupt(remote, signal.SIGKILL)
    (state,) = remote.states()
    state.rename(remote.folder / "moved.json")
    done = await remote.run("upload", "--resume", "moved.json")
    assert done.code == 0, done.err
    await assert_complete(remote, clip)


async def test_each_account_has_its_own_latest_upload(remote: Remote, clip: Path) -> None:
    del clip
    first, second = await remote.log_in(), await remote.log_in()
    await interrupt(remote, signal.SIGINT, "--account", first)
    await interrupt(remote, signal.SIGINT, "--account", second)
    unnamed = await remote.run("upload", "--resume")
    assert unnamed.code == 2
    assert "tiktok-async accounts" in unnamed.err
    done = await remote.run("upload", "--resume", "--account", first)
    assert done.code == 0, done.err
    (left,) = remote.states()
    assert json.loads(left.read_text())["open_id"] == second


async def test_resume_without_an_unfinished_upload_is_a_usage_error(remote: Remote) -> None:
    open_id = await remote.log_in()
    for names in ([], ["v_pub_file~v2-1.7"], ["nothing.mp4"]):
        done = await remote.run("upload", "--resume", *names)
        assert done.code == 2
        assert "unfinished upload" in done.err
    assert open_id


async def test_the_upload_of_a_changed_video_is_not_resumed(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    await interrupt(remote, signal.SIGINT)
    await asyncio.to_thread(clip.write_bytes, os.urandom(20_000_000))
    done = await remote.run("upload", "--resume")
    assert done.code == 1
    assert "not the one with which the upload began" in done.err


async def test_resume_after_an_hour_advises_a_new_post_and_deletes_the_state(remote: Remote, clip: Path) -> None:
    del clip
    await remote.log_in()
    await interrupt(remote, signal.SIGINT)
    await remote.admin("clock", {"advance": 3700})
    done = await remote.run("upload", "--resume")
    assert done.code == 1
    assert "Start a new post" in done.err
    assert remote.states() == []


@pytest.mark.parametrize(
    "fault", [{"status": 500, "times": 99}, {"status": 400}, {"drop": "before", "times": 99}, None]
)
async def test_the_upload_url_is_never_shown(remote: Remote, clip: Path, fault: dict[str, object] | None) -> None:
    del clip
    await remote.log_in()
    shown = "".join((await interrupt(remote, signal.SIGINT, "--debug", "-vvv", "--json"))[1:])
    (state,) = remote.states()
    address = json.loads(state.read_text())["upload"]["url"]
    if fault is not None:
        await remote.admin("faults", {"endpoint": "upload", **fault})
    done = await remote.run("-vvv", "--debug", "upload", "--resume", "--json")
    assert done.code == (0 if fault is None else 1), done.err
    shown += done.out + done.err
    token = address.partition("upload_token=")[2]
    assert token
    assert token not in shown
    assert address not in shown
    assert "act." not in shown.replace("act.***", "")
    assert remote.environment["TIKTOK_CLIENT_SECRET"] not in shown


async def test_ctrl_c_during_the_processing_leaves_nothing_to_resume(remote: Remote, clip: Path) -> None:
    del clip
    await remote.log_in()
    await remote.admin("timeline", {"processing": 3600})
    process = await remote.start(*UPLOAD)
    assert process.stderr is not None
    await process.stderr.readuntil(b"PROCESSING_UPLOAD")
    process.send_signal(signal.SIGINT)
    rest = (await process.stderr.read()).decode()
    assert await process.wait() == 130
    assert "TikTok has every byte" in rest
    assert remote.states() == []


async def test_a_state_older_than_a_day_is_deleted(remote: Remote, clip: Path) -> None:
    await remote.log_in()
    await interrupt(remote, signal.SIGKILL)
    (state,) = remote.states()
    yesterday = state.stat().st_mtime - 90_000
    await asyncio.to_thread(os.utime, state, (yesterday, yesterday))
    assert (await remote.run("upload", str(clip), "--privacy", "self-only")).code == 0
    assert remote.states() == []
