"""Login by QR code: from the QR code to the stored account, and every other outcome."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from tests.clocks import FastClock
from tiktok_async import (
    ConfigurationError,
    Endpoint,
    OAuthError,
    QrLogin,
    QrStatus,
    StateMismatch,
    TikTokSession,
)
from tiktok_async.api.oauth.rules.qr import QrCheck, code_of, with_ticket
from tiktok_async.emulator import EmulatedUser, Emulator

SCOPES = ["user.info.basic", "video.list"]


@pytest.fixture
def clock(emulator: Emulator) -> FastClock:
    return FastClock(emulator)


def ticket_of(qr: QrLogin) -> str:
    return parse_qs(urlsplit(qr.url).query)["client_ticket"][0]


def token_of(emulator: Emulator) -> str:
    logins: dict[str, Any] = emulator.qr._logins
    return next(reversed(logins))


def change(emulator: Emulator, **quirks: Any) -> None:
    emulator.state.quirks = evolve(emulator.state.quirks, **quirks)


async def follow(emulator: Emulator, qr: QrLogin, user: EmulatedUser, *, ticket: str | None = None) -> list[str]:
    """Scan at the first status, confirm at the second; return all statuses."""
    words: list[str] = []
    token = token_of(emulator)
    async for status in qr.watch():
        words.append(status)
        if status == QrStatus.NEW:
            emulator.qr_scan(token, user, client_ticket=ticket_of(qr) if ticket is None else ticket)
        elif status == QrStatus.SCANNED:
            emulator.qr_confirm(token)
    return words


@pytest.mark.parametrize("form", ["code", "redirect_uri"])
async def test_a_scanned_and_confirmed_code_logs_the_account_in(
    emulator: Emulator, session: TikTokSession, form: str
) -> None:
    change(emulator, qr_confirmed=form)
    user = emulator.add_user(videos=3)
    qr = await session.oauth.qr_login(SCOPES)
    assert await follow(emulator, qr, user) == ["new", "scanned", "confirmed"]
    assert qr.account is not None
    assert qr.account.open_id == user.open_id
    assert len(await session.account(user.open_id).videos().collect()) == 3
    assert (await qr.account.token()).scopes == set(SCOPES)


async def test_the_address_holds_a_ticket_of_its_own_and_no_secret(emulator: Emulator, session: TikTokSession) -> None:
    first, second = await session.oauth.qr_login(SCOPES), await session.oauth.qr_login(SCOPES)
    assert ticket_of(first) != ticket_of(second)
    assert "tobefilled" not in first.url
    for shown in (first.url, repr(first)):
        assert emulator.client_secret not in shown
        assert token_of(emulator) not in shown


async def test_a_login_with_another_codes_ticket_stores_nothing(emulator: Emulator, session: TikTokSession) -> None:
    user = emulator.add_user()
    qr = await session.oauth.qr_login(SCOPES)
    with pytest.raises(StateMismatch, match="client ticket"):
        await follow(emulator, qr, user, ticket="somebody-elses")
    assert qr.account is None
    assert [account.open_id async for account in session.accounts()] == []


async def test_a_qr_code_that_is_not_scanned_expires(session: TikTokSession) -> None:
    qr = await session.oauth.qr_login(SCOPES)
    assert [status async for status in qr.watch()] == ["new", "expired"]
    assert qr.account is None


async def test_a_qr_code_that_was_used_elsewhere_has_the_status_utilised(
    emulator: Emulator, session: TikTokSession
) -> None:
    user = emulator.add_user()
    qr = await session.oauth.qr_login(SCOPES)
    emulator.qr_scan(token_of(emulator), user, client_ticket=ticket_of(qr))
    emulator.qr_confirm(token_of(emulator))
    await qr._check()  # another client asked, and got the code
    assert [status async for status in qr.watch()] == ["utilised"]


async def test_a_short_outage_of_tiktok_does_not_end_a_login(emulator: Emulator, session: TikTokSession) -> None:
    user = emulator.add_user()
    qr = await session.oauth.qr_login(SCOPES)
    emulator.fail_next(Endpoint.QRCODE_CHECK, status=502, times=4)
    assert await follow(emulator, qr, user) == ["new", "scanned", "confirmed"]


async def test_a_longer_outage_of_tiktok_is_an_error(emulator: Emulator, session: TikTokSession) -> None:
    qr = await session.oauth.qr_login(SCOPES)
    emulator.fail_next(Endpoint.QRCODE_CHECK, status=502, times=50)
    with pytest.raises(OAuthError, match="server_error"):
        async for _ in qr.watch():
            pass


async def test_the_status_of_a_qr_code_is_requested_at_the_interval(emulator: Emulator, session: TikTokSession) -> None:
    qr = await session.oauth.qr_login(SCOPES)
    life = emulator.quirks.qr_lifetime
    async for _ in qr.watch(every=timedelta(seconds=10)):
        pass
    asked = sum(request.endpoint is Endpoint.QRCODE_CHECK for request in emulator.requests)
    assert asked == pytest.approx(life / timedelta(seconds=10) + 1, abs=2)


async def test_waiting_for_a_qr_login_can_be_cancelled_and_continued(emulator: Emulator) -> None:
    async with emulator.session() as session:
        user = emulator.add_user()
        qr = await session.oauth.qr_login(SCOPES)
        seen: list[str] = []

        async def watch() -> None:
            async for status in qr.watch():
                seen.append(status)

        watching = asyncio.ensure_future(watch())
        while not seen:
            await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait({watching})
        emulator.qr_scan(token_of(emulator), user, client_ticket=ticket_of(qr))
        emulator.qr_confirm(token_of(emulator))
        assert [status async for status in qr.watch()] == ["confirmed"]
        assert qr.account is not None


async def test_scopes_are_needed(session: TikTokSession) -> None:
    with pytest.raises(ConfigurationError):
        await session.oauth.qr_login([])


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("aweme://authorize?client_ticket=tobefilled", "aweme://authorize?client_ticket=a%2Fb"),
        ("aweme://a?x=1&client_ticket=tobefilled&scope=a,b", "aweme://a?x=1&client_ticket=a%2Fb&scope=a,b"),
        ("aweme://a?client_ticket=&y=%20", "aweme://a?client_ticket=a%2Fb&y=%20"),
    ],
)
def test_the_ticket_is_put_into_the_qr_url_and_nothing_else_changes(url: str, wanted: str) -> None:
    assert with_ticket(url, "a/b") == wanted


@pytest.mark.parametrize("url", ["", "aweme://a", "aweme://a?my_client_ticket=x"])
def test_a_qr_url_without_the_ticket_parameter_is_refused(url: str) -> None:
    with pytest.raises(OAuthError):
        with_ticket(url, "mine")


def test_a_code_is_decoded_once_and_its_suffix_is_kept() -> None:
    check = QrCheck(
        status="confirmed", client_ticket="mine", redirect_uri="https://a.example/cb/?code=abc%2A1%21s1&state=s"
    )
    assert code_of(check, ticket="mine", state="s").reveal() == "abc*1!s1"
    assert code_of(QrCheck(status="confirmed", client_ticket="mine", code="abc*1"), ticket="mine", state="s").reveal()


def test_a_confirmation_of_another_login_is_refused() -> None:
    with pytest.raises(StateMismatch):
        code_of(QrCheck(status="confirmed", client_ticket="mine", code="x", state="other"), ticket="mine", state="s")
    with pytest.raises(StateMismatch):
        code_of(QrCheck(status="confirmed", client_ticket="his", code="x"), ticket="mine", state="s")
    with pytest.raises(OAuthError):
        code_of(QrCheck(status="confirmed", client_ticket="mine"), ticket="mine", state="s")
