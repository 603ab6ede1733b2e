"""Commands that change something: login, refresh, revoke, and the two that need no account."""

import asyncio
import base64
import json
import re
import signal
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from tests.cli.conftest import Shell
from tests.conftest import free_port
from tiktok_async.api.webhook_receiver import WebhookReceiver


async def _login_url(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    shown = (await process.stderr.readuntil(b"Log in here")) + await process.stderr.readuntil(b"http")
    return "http" + (await process.stderr.readline()).decode().strip() if shown else ""


async def _visit(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as browser, browser.get(url) as reply:
        return reply.status, await reply.text()


async def test_login_waits_for_the_browser_and_stores_the_token(
    shell: Shell, secrets_of: Callable[[str], list[str]]
) -> None:
    user = shell.emulator.add_user()
    process = await shell.start("login", "--no-browser", "--json", "--port", str(free_port()))
    assert process.stderr is not None
    callback = await shell.emulator.consent(await _login_url(process), user)
    status, page = await _visit(callback)
    assert (status, "close this page" in page) == (200, True)
    out, err = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0, err
    login = json.loads(out)
    assert "video.list" in login["scopes"]
    assert secrets_of((out + err).decode()) == []
    listed = json.loads((await shell.run("accounts", "--json")).out)
    assert listed["open_id"] == login["open_id"]


async def test_a_forged_callback_is_refused_and_ends_nothing(shell: Shell) -> None:
    user = shell.emulator.add_user()
    process = await shell.start("login", "--no-browser", "--port", str(free_port()))
    url = await _login_url(process)
    callback = await shell.emulator.consent(url, user)
    state = parse_qs(urlsplit(callback).query)["state"][0]
    status, _ = await _visit(callback.replace(state, "forged"))
    assert status == 400
    assert process.returncode is None
    assert (await _visit(callback))[0] == 200
    assert await process.wait() == 0


async def test_the_login_stops_listening_after_the_callback(shell: Shell) -> None:
    user = shell.emulator.add_user()
    process = await shell.start("login", "--no-browser", "--port", str(free_port()))
    callback = await shell.emulator.consent(await _login_url(process), user)
    await _visit(callback)
    await process.wait()
    with pytest.raises(aiohttp.ClientConnectorError):
        await _visit(callback)


async def test_a_denied_login_shows_the_error(shell: Shell) -> None:
    user = shell.emulator.add_user()
    process = await shell.start("login", "--no-browser", "--port", str(free_port()))
    await _visit(await shell.emulator.consent(await _login_url(process), user, deny=True))
    _, err = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 1
    assert "access_denied" in err.decode()


async def test_the_callback_url_can_be_pasted_without_a_browser(shell: Shell) -> None:
    user = shell.emulator.add_user()
    process = await shell.start("login", "--paste")
    callback = await shell.emulator.consent(await _login_url(process), user)
    _, err = await asyncio.wait_for(process.communicate(f"{callback}\n".encode()), 100)
    assert process.returncode == 0, err
    assert "is logged in" in err.decode()


async def test_a_login_without_a_callback_times_out(shell: Shell) -> None:
    done = await shell.run("login", "--no-browser", "--port", str(free_port()), "--timeout", "0.2")
    assert done.code == 1
    assert "0.2 s" in done.err


async def test_a_port_in_use_is_a_usage_error_that_names_the_option(shell: Shell) -> None:
    taken = str(urlsplit(shell.emulator.url).port)
    done = await shell.run("login", "--no-browser", "--port", taken)
    assert done.code == 2
    assert "--port" in done.err


async def test_refresh_rotates_the_token_and_does_not_show_it(
    shell: Shell, secrets_of: Callable[[str], list[str]]
) -> None:
    account = await shell.log_in(shell.emulator.add_user())
    done = await shell.run("refresh", "--json")
    assert json.loads(done.out)["version"] > 1
    assert shell.emulator.refreshes[account.open_id] == 1
    assert secrets_of(done.out + done.err) == []


async def test_revoke_ends_the_grant_and_deletes_the_token(shell: Shell) -> None:
    account = await shell.log_in(shell.emulator.add_user())
    asked = await shell.run("revoke", account.open_id)
    assert asked.code == 2
    assert "--yes" in asked.err
    assert (await shell.run("revoke", account.open_id, "--yes")).code == 0
    assert (await shell.run("accounts", "--json")).out == ""


async def test_a_genuine_webhook_is_shown_and_a_forged_one_is_refused(shell: Shell) -> None:
    body = json.dumps(
        {
            "client_key": shell.emulator.client_key,
            "event": "authorization.removed",
            "create_time": 1_700_000_000,
            "user_openid": "somebody",
            "content": '{"reason": 1}',
        }
    )
    signature = WebhookReceiver(shell.emulator.client_key, shell.emulator.client_secret).sign(body.encode())
    (shell.folder / "body.json").write_text(body)
    genuine = await shell.run("webhook", "verify", "body.json", "--signature", signature, "--json")
    assert genuine.code == 0, genuine.err
    shown = json.loads(genuine.out)
    assert (shown["name"], shown["open_id"], shown["content"]) == ("authorization.removed", "somebody", {"reason": 1})
    forged = await shell.run("webhook", "verify", "-s", signature, typed=body + " ")
    assert (forged.code, forged.out) == (1, "")
    assert "not signed with this app's secret" in forged.err


async def test_a_store_key_is_32_new_bytes_each_time(shell: Shell) -> None:
    keys = [(await shell.run("store-key")).out.strip() for _ in range(2)]
    assert [len(base64.urlsafe_b64decode(key)) for key in keys] == [32, 32]
    assert keys[0] != keys[1]


async def test_the_emulator_serves_at_the_printed_url(shell: Shell) -> None:
    process = await shell.start("emulator", "--port", "0", "--users", "2")
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode().strip() for _ in range(4)]
    variables = dict(line.split("=", 1) for line in lines)
    shell.environment.update(variables)
    query = "client_key=x&response_type=code&scope=user.info.basic&redirect_uri=https://example.com/cb&state=s"
    status, _ = await _visit(f"{variables['TIKTOK_AUTHORIZE_URL']}?{query}")
    assert status == 400
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 130


async def test_the_demo_verifies_each_step_and_stays_plain_in_a_pipe(
    shell: Shell, secrets_of: Callable[[str], list[str]]
) -> None:
    shell.environment_without("TIKTOK_TOKEN_STORE", "TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET")
    done = await shell.run("demo", "--store", "demo.db")
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    steps = [line for line in done.out.splitlines() if re.match(r" *\d+ ", line)]
    assert len(steps) >= 7
    assert all(line.endswith("✓") for line in steps)
    assert (shell.folder / "demo.db").exists()
    assert secrets_of(done.out) == []
    again = await shell.run("demo", "--store", "demo.db")
    assert (again.code, again.err) == (0, "")


async def test_a_store_in_a_missing_folder_is_a_usage_error_that_names_it(shell: Shell) -> None:
    done = await shell.run("demo", "--store", "nowhere/tokens.db")
    assert done.code == 2
    assert "nowhere" in done.err


async def test_without_a_store_tokens_are_saved_in_a_private_folder(shell: Shell) -> None:
    shell.environment_without("TIKTOK_TOKEN_STORE")
    user = shell.emulator.add_user()
    process = await shell.start("login", "--paste", XDG_DATA_HOME=str(shell.folder / "data"))
    callback = await shell.emulator.consent(await _login_url(process), user)
    await asyncio.wait_for(process.communicate(f"{callback}\n".encode()), 100)
    folder = shell.folder / "data" / "tiktok-async"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "tokens.db").stat().st_mode & 0o077 == 0


async def test_the_demo_writes_ascii_if_the_encoding_is_ascii(shell: Shell) -> None:
    done = await shell.run("demo", "--videos", "3", PYTHONIOENCODING="ascii")
    assert done.code == 0, done.err
    assert done.out.isascii()


async def test_tokens_are_copied_into_another_store_and_work_there(shell: Shell) -> None:
    for _ in range(3):
        await shell.log_in(shell.emulator.add_user())
    other = f"sqlite:///{shell.folder}/other.db"
    copied = await shell.run("copy-tokens", other, "--json")
    assert (copied.code, json.loads(copied.out)) == (0, {"copied": 3}), copied.err
    assert "0 tokens were copied" in (await shell.run("copy-tokens", other)).err
    listed = [json.loads(line)["open_id"] for line in (await shell.run("accounts", "--json")).out.splitlines()]
    refreshed = await shell.run("refresh", listed[0], "--store", other)
    assert refreshed.code == 0, refreshed.err


async def test_tokens_cannot_be_copied_to_an_unknown_kind_of_store(shell: Shell) -> None:
    done = await shell.run("copy-tokens", "tape://reel/1")
    assert done.code == 2
    assert "tape" in done.err
