"""The same commands on a terminal: tables, colour and questions."""

import asyncio
import os
import pty
import subprocess

from tests.cli.conftest import PROGRAM, Shell


def on_a_terminal(shell: Shell, *arguments: str, typed: str = "", **environment: str) -> tuple[int, str]:
    """Run a command whose three streams are a terminal; return its exit code and its output."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=shell.folder,
        env={**shell.environment, "TERM": "xterm-256color", "COLUMNS": "160", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux raises this when the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(60), shown.decode()


async def test_a_terminal_gets_a_table_with_a_heading(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(videos=3))
    code, shown = await asyncio.to_thread(on_a_terminal, shell, "videos")
    assert code == 0
    assert "create_time" in shown
    assert "\t" not in shown
    assert "\x1b[" in shown


async def test_no_color_is_honoured(shell: Shell) -> None:
    code, shown = await asyncio.to_thread(on_a_terminal, shell, "demo", "--videos", "3", NO_COLOR="1")
    assert code == 0
    assert "\x1b[3" not in shown
    assert "✓" in shown


async def test_the_demo_is_coloured(shell: Shell) -> None:
    code, shown = await asyncio.to_thread(on_a_terminal, shell, "demo", "--videos", "3")
    assert code == 0
    assert "\x1b[1;32m✓" in shown


async def test_json_on_a_terminal_is_still_only_json(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(videos=1))
    code, shown = await asyncio.to_thread(on_a_terminal, shell, "videos", "--json")
    assert code == 0
    assert shown.startswith('{"id":')
    assert "\x1b" not in shown


async def test_revoke_asks_before_it_ends_a_grant(shell: Shell) -> None:
    account = await shell.log_in(shell.emulator.add_user())
    code, shown = await asyncio.to_thread(on_a_terminal, shell, "revoke", account.open_id, typed="n\n")
    assert code == 0
    assert "Nothing was done" in shown
    assert account.open_id in (await shell.run("accounts")).out
    code, _ = await asyncio.to_thread(on_a_terminal, shell, "revoke", account.open_id, typed="y\n")
    assert code == 0
    assert (await shell.run("accounts")).out == ""
