"""Errors: the exit code, one readable message, and no secret."""

import asyncio
import re
import signal
import sys
from collections.abc import Callable

import pytest

from tests.cli.conftest import Shell
from tests.conftest import free_port
from tiktok_async import Endpoint

_COMMANDS = (
    *("accounts", "cancel", "demo", "doctor", "draft", "emulator", "login", "photos", "refresh", "revoke"),
    *("status", "store-key", "upload", "videos", "webhook", "whoami"),
)

_HELP = """
import sys
from tiktok_async.cli._main import run
sys.exit(max(run([name, "--help"]) for name in sys.argv[1:]))
"""


@pytest.mark.parametrize("arguments", [["nonsense"], ["videos", "--limit", "many"], ["whoami", "--nonsense"]])
async def test_invalid_arguments_are_a_usage_error(shell: Shell, arguments: list[str]) -> None:
    done = await shell.run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert re.search(r"See: tiktok-async (\w+ )?--help|no option of this command", done.err)
    assert "Traceback" not in done.err


async def test_a_missing_key_is_named(shell: Shell) -> None:
    shell.environment_without("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET")
    done = await shell.run("accounts")
    assert done.code == 2
    assert "TIKTOK_CLIENT_KEY" in done.err
    assert "TIKTOK_CLIENT_SECRET" in done.err


async def test_a_revoked_account_exits_with_3_and_the_error_names_the_login_command(shell: Shell) -> None:
    user = shell.emulator.add_user()
    account = await shell.log_in(user)
    shell.emulator.revoke(user)
    done = await shell.run("whoami")
    assert done.code == 3
    assert account.open_id in done.err
    assert "tiktok-async login" in done.err
    assert "Traceback" not in done.err


async def test_a_refusal_of_tiktok_exits_with_1_and_shows_its_log_id(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    shell.emulator.fail_next(Endpoint.USER_INFO, status=400, code="invalid_params")
    done = await shell.run("whoami")
    assert done.code == 1
    assert "invalid_params" in done.err
    assert "log_id" in done.err
    assert len(done.err.splitlines()) == 1


async def test_an_unreachable_tiktok_exits_with_1_and_without_a_traceback(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    await shell.emulator.aclose()
    done = await shell.run("refresh")
    assert done.code == 1
    assert "Traceback" not in done.err


async def test_debug_shows_the_traceback_and_no_secret(shell: Shell, secrets_of: Callable[[str], list[str]]) -> None:
    user = shell.emulator.add_user()
    await shell.log_in(user)
    shell.emulator.revoke(user)
    done = await shell.run("refresh", "--debug", "-vvv")
    assert done.code == 3
    assert "Traceback (most recent call last)" in done.err
    assert secrets_of(done.err) == []


@pytest.mark.parametrize("command", [["whoami"], ["videos"], ["refresh"], ["accounts"]])
async def test_the_most_verbose_log_shows_no_secret(
    shell: Shell, secrets_of: Callable[[str], list[str]], command: list[str]
) -> None:
    await shell.log_in(shell.emulator.add_user(videos=3))
    done = await shell.run("-vvv", *command)
    assert done.code == 0
    assert "DEBUG" in done.err
    assert secrets_of(done.out + done.err) == []


async def test_verbose_logs_each_call(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    done = await shell.run("whoami", "-v")
    assert re.search(r"INFO tiktok_async\.events: RequestFinished\(.*endpoint='/v2/user/info/'", done.err)


async def test_a_password_in_the_stores_url_is_not_shown(shell: Shell) -> None:
    done = await shell.run("accounts", "--store", "nonsense://user:hunter2@host/0", "--debug")
    assert done.code == 2
    assert "hunter2" not in done.err


async def test_ctrl_c_exits_with_130_and_without_a_traceback(shell: Shell) -> None:
    process = await shell.start("login", "--no-browser", "--port", str(free_port()))
    assert process.stderr is not None
    await process.stderr.readuntil(b"Log in here")
    process.send_signal(signal.SIGINT)
    rest = (await process.stderr.read()).decode()
    assert await process.wait() == 130
    assert "Traceback" not in rest
    assert "interrupted" in rest


async def test_no_arguments_show_the_help_with_every_command(shell: Shell) -> None:
    done = await shell.run()
    assert done.code == 0
    for command in _COMMANDS:
        assert command in done.out
    # One process for all: most of the time of each would be its imports.
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HELP, *_COMMANDS),
        cwd=shell.folder,
        env=shell.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    shown, _ = await asked.communicate()
    assert asked.returncode == 0
    for command in _COMMANDS:
        assert f"tiktok-async {command} " in shown.decode()


async def test_help_shows_no_value_of_a_variable(shell: Shell) -> None:
    done = await shell.run("videos", "--help")
    assert shell.emulator.client_secret not in done.out
    assert "TIKTOK_CLIENT_SECRET" in done.out
