"""Input and terminals: hyphens, encodings, narrow windows, missing folders."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.cli.test_terminal import on_a_terminal

HYPHEN = "-000aBcD.e_F"


@pytest.mark.parametrize("arguments", [["whoami", HYPHEN], ["whoami", "--account", HYPHEN], ["whoami", "-a", HYPHEN]])
async def test_an_open_id_that_begins_with_a_hyphen_names_its_account(shell: Shell, arguments: list[str]) -> None:
    await shell.log_in(shell.emulator.add_user())
    await shell.log_in(shell.emulator.add_user(open_id=HYPHEN, display_name="Hyphen"))
    done = await shell.run(*arguments, "--json")
    assert (done.code, json.loads(done.out)["display_name"]) == (0, "Hyphen")


async def test_every_command_for_one_account_has_the_same_account_option(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    await shell.log_in(shell.emulator.add_user(open_id=HYPHEN, videos=2))
    for command in (["videos"], ["refresh", "--json"], ["whoami"], ["revoke", "--yes"]):
        assert (await shell.run(*command, "--account", HYPHEN)).code == 0
    assert HYPHEN not in (await shell.run("accounts")).out


async def test_a_title_may_begin_with_a_hyphen(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    clip = shell.folder / "clip.mp4"
    clip.write_bytes(b"\0" * 2000)
    done = await shell.run("upload", str(clip), "--title", "-- hello", "--privacy", "self-only", "--no-wait")
    assert done.code == 0, done.err
    assert [post.body["post_info"]["title"] for post in shell.emulator.posts] == ["-- hello"]


async def test_two_names_for_the_account_are_refused(shell: Shell) -> None:
    done = await shell.run("whoami", "one", "--account", "another")
    assert done.code == 2
    assert "Two accounts are named" in done.err


async def test_a_terminal_without_utf_8_gets_every_character_escaped(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(display_name="Ada Löwe ✓"))
    done = await shell.run("whoami", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.code, done.err) == (0, "")
    assert "Ada L\\xf6we \\u2713" in done.out


async def test_json_is_utf_8_on_every_terminal(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(display_name="Ada Löwe ✓"))
    done = await shell.run("whoami", "--json", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert json.loads(done.out)["display_name"] == "Ada Löwe ✓"


@pytest.mark.parametrize("port", ["99999", "-1"])
async def test_an_invalid_port_is_a_usage_error(shell: Shell, port: str) -> None:
    done = await shell.run("emulator", "--port", port)
    assert done.code == 2
    assert "65535" in done.err


async def test_a_usage_error_points_to_the_help_of_its_command(shell: Shell) -> None:
    done = await shell.run("videos", "--limit", "many")
    assert "See: tiktok-async videos --help" in done.err


async def test_advice_names_a_command_and_no_python_call(shell: Shell) -> None:
    done = await shell.run("whoami", "nobody")
    assert "`tiktok-async login`" in done.err
    assert "session." not in done.err
    shell.environment_without("TIKTOK_CLIENT_KEY")
    assert "--client-key" in (await shell.run("accounts")).err


async def test_a_pipe_gets_headings_on_request(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(videos=2))
    lines = (await shell.run("videos", "--header")).out.splitlines()
    assert lines[0].split("\t")[:2] == ["create_time", "id"]
    assert len(lines) == 3


async def test_accounts_shows_names_on_request(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(display_name="Ada"))
    assert "\tAda\t" in (await shell.run("accounts", "--names")).out
    assert json.loads((await shell.run("accounts", "--names", "--json")).out)["display_name"] == "Ada"


async def test_ids_are_not_cut_at_80_columns(shell: Shell) -> None:
    account = await shell.log_in(shell.emulator.add_user(videos=3))
    ids = [json.loads(line)["id"] for line in (await shell.run("videos", "--json")).out.splitlines()]
    code, shown = await asyncio.to_thread(on_a_terminal, shell, "videos", COLUMNS="80", NO_COLOR="1")
    assert code == 0
    assert [video for video in ids if video not in shown] == []
    _, shown = await asyncio.to_thread(on_a_terminal, shell, "accounts", COLUMNS="80", NO_COLOR="1")
    assert account.open_id in shown


async def test_an_unknown_scope_is_named(shell: Shell) -> None:
    done = await shell.run("login", "--scopes", "video.lst", "--paste")
    assert "video.lst" in done.err


async def test_the_completion_of_a_shell_is_installed(shell: Shell) -> None:
    done = await shell.run("--install-completion", "bash", SHELL="/bin/bash")
    assert done.code == 0
    installed = [Path(folder, file) for folder, _, files in os.walk(shell.folder) for file in files]
    assert any("whoami" in file.read_text() for file in installed if file.name == "tiktok-async")
