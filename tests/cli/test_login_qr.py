"""`login --qr`: the code is drawn, scanned, confirmed, and the account stored."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.conftest import Shell
from tests.clocks import FastClock
from tiktok_async import Endpoint, TikTokError
from tiktok_async.cli import _qr
from tiktok_async.emulator import Emulator

BLOCKS = "\u2588\u2580\u2584"


def logins(emulator: Emulator) -> dict[str, Any]:
    found: dict[str, Any] = emulator.qr._logins
    return found


async def wait_for_check(emulator: Emulator) -> str:
    """Wait until a code was drawn and its status requested; return its token."""
    while not any(request.endpoint is Endpoint.QRCODE_CHECK for request in emulator.requests):
        await asyncio.sleep(0.02)
    return next(reversed(logins(emulator)))


class Person:
    """A person who scans the n-th code and confirms it."""

    def __init__(self, emulator: Emulator, *, scans: int = 1) -> None:
        self.emulator = emulator
        self.user = emulator.add_user()
        self.scans = scans
        self.urls: list[str] = []
        self.messages: list[str] = []

    def draw(self, url: str) -> str:
        self.urls.append(url)
        if len(self.urls) == self.scans:
            ticket = parse_qs(urlsplit(url).query)["client_ticket"][0]
            self.emulator.qr_scan(next(reversed(logins(self.emulator))), self.user, client_ticket=ticket)
        return "(a code)"

    def note(self, message: str) -> None:
        self.messages.append(message)
        if "confirm" in message:
            self.emulator.qr_confirm(next(reversed(logins(self.emulator))))


@pytest.mark.parametrize("scans", [1, 3])
async def test_a_scan_logs_in_and_an_expired_code_is_drawn_again(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, scans: int
) -> None:
    person = Person(emulator, scans=scans)
    monkeypatch.setattr(_qr, "drawn", person.draw)
    monkeypatch.setattr(_qr, "note", person.note)
    async with emulator.session(clock=FastClock(emulator)) as session:
        account = await _qr.log_in_by_qr(session, ["user.info.basic"])
        assert account.open_id == person.user.open_id
        assert [one.open_id async for one in session.accounts()] == [account.open_id]
    assert len(person.urls) == len(set(person.urls)) == scans
    assert sum("expired" in message for message in person.messages) == scans - 1


async def test_a_code_that_was_used_elsewhere_is_an_error(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person(emulator)
    monkeypatch.setattr(_qr, "drawn", person.draw)
    monkeypatch.setattr(
        _qr, "note", lambda _: setattr(logins(emulator)[next(iter(logins(emulator)))], "status", "utilised")
    )
    async with emulator.session(clock=FastClock(emulator)) as session:
        with pytest.raises(TikTokError, match="utilised"):
            await _qr.log_in_by_qr(session, ["user.info.basic"])


async def test_the_code_is_drawn_in_the_terminal_and_another_client_ticket_is_refused(shell: Shell) -> None:
    process = await shell.start("login", "--qr", "--scopes", "user.info.basic")
    token = await asyncio.wait_for(wait_for_check(shell.emulator), 100)
    shell.emulator.qr_scan(token, shell.emulator.add_user(), client_ticket="somebody-elses")
    out, err = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 1
    drawing = err.decode()
    assert sum(drawing.count(block) for block in BLOCKS) > 500
    assert "client ticket" in drawing
    assert token not in drawing
    assert shell.emulator.client_secret not in drawing
    assert out == b""


async def test_a_code_that_nobody_scans_ends_the_login(shell: Shell) -> None:
    done = await shell.run("login", "--qr", "--timeout", "0.5")
    assert done.code == 1
    assert "within 0.5 s" in done.err


def test_a_drawing_is_square_and_the_same_for_the_same_address() -> None:
    url = "aweme://authorize?client_key=k&client_ticket=t&scope=user.info.basic"
    lines = _qr.drawn(url).splitlines()
    assert _qr.drawn(url) == _qr.drawn(url)
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) in (len(lines) * 2, len(lines) * 2 - 1)
    assert set("".join(lines)) <= {*BLOCKS, " "}
