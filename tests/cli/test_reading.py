"""Commands that read: for a person, for a pipe and for a program."""

import json
from datetime import datetime

import pytest

from tests.cli.conftest import Shell


async def test_videos_as_json_are_one_document_a_line_with_every_field(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(videos=45))
    done = await shell.run("videos", "--json")
    assert (done.code, done.err) == (0, "")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert len(found) == 45
    assert {"id", "title", "view_count", "share_url"} <= set(found[0])
    times = [datetime.fromisoformat(video["create_time"]) for video in found]
    assert times == sorted(times, reverse=True)
    assert all(isinstance(video["id"], str) for video in found)


async def test_videos_in_a_pipe_are_tab_separated_lines_without_colour(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(videos=5))
    done = await shell.run("videos", "--limit", "3")
    assert done.code == 0
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [len(row) for row in rows] == [8, 8, 8]
    assert "\x1b" not in done.out


async def test_since_leaves_out_older_videos(shell: Shell) -> None:
    account = await shell.log_in(shell.emulator.add_user(videos=30))
    everything = [json.loads(line) for line in (await shell.run("videos", "--json")).out.splitlines()]
    boundary = everything[9]["create_time"]
    done = await shell.run("videos", account.open_id, "--since", boundary, "--json")
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == [video["id"] for video in everything[:10]]


async def test_an_invalid_since_is_a_usage_error_with_an_example(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    done = await shell.run("videos", "--since", "yesterday")
    assert done.code == 2
    assert "2026-" in done.err


async def test_whoami_shows_the_profile_of_the_only_account(shell: Shell) -> None:
    user = shell.emulator.add_user(display_name="Ada Löwe", videos=7)
    account = await shell.log_in(user)
    done = await shell.run("whoami", "--json")
    profile = json.loads(done.out)
    assert (profile["display_name"], profile["open_id"], profile["video_count"]) == ("Ada Löwe", account.open_id, 7)
    plain = await shell.run("whoami")
    assert "display_name\tAda Löwe" in plain.out


async def test_control_characters_in_a_name_do_not_reach_the_terminal(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(display_name="Eve\x1b]0;owned\x07\tmore"))
    done = await shell.run("whoami")
    assert "\x1b" not in done.out
    assert "display_name\tEve ]0;owned  more" in done.out


async def test_with_several_accounts_one_must_be_named(shell: Shell) -> None:
    first = await shell.log_in(shell.emulator.add_user(display_name="First"))
    await shell.log_in(shell.emulator.add_user(display_name="Second"))
    unnamed = await shell.run("whoami")
    assert unnamed.code == 2
    assert "tiktok-async accounts" in unnamed.err
    named = await shell.run("whoami", first.open_id, "--json")
    assert json.loads(named.out)["display_name"] == "First"


async def test_accounts_lists_logged_in_accounts_without_a_request(shell: Shell) -> None:
    accounts = [await shell.log_in(shell.emulator.add_user()) for _ in range(3)]
    before = len(shell.emulator.requests)
    done = await shell.run("accounts", "--json")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert {account["open_id"] for account in found} == {account.open_id for account in accounts}
    assert {account["state"] for account in found} == {"active"}
    assert len(shell.emulator.requests) == before


async def test_lacking_lists_only_accounts_without_a_scope(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    fewer = await shell.log_in(shell.emulator.add_user(scopes={"user.info.basic"}))
    done = await shell.run("accounts", "--lacking", "video.list,user.info.basic", "--json")
    assert [json.loads(line)["open_id"] for line in done.out.splitlines()] == [fewer.open_id]
    assert done.err == ""
    misspelt = await shell.run("accounts", "--lacking", "video.lst")
    assert "video.lst is not a known scope" in misspelt.err


async def test_without_any_account_the_error_names_the_login_command(shell: Shell) -> None:
    done = await shell.run("videos")
    assert done.code == 2
    assert "tiktok-async login" in done.err
    assert (await shell.run("accounts", "--json")).out == ""


async def test_a_pipe_that_its_reader_closes_is_no_error(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(videos=400))
    process = await shell.start("videos", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    await process.stdout.readline()
    process.stdout._transport.close()  # type: ignore[attr-defined]  # what `head -1` does to the pipe
    assert await process.wait() == 0
    assert await process.stderr.read() == b""


@pytest.mark.parametrize("command", ["accounts", "whoami", "videos", "refresh"])
async def test_json_commands_write_only_json_to_standard_output(shell: Shell, command: str) -> None:
    await shell.log_in(shell.emulator.add_user(videos=2))
    done = await shell.run("-vv", command, "--json")
    assert done.code == 0
    assert done.out
    for line in done.out.splitlines():
        json.loads(line)
