"""QR login."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulator.conftest import Raw, callback
from tiktok_async.emulator import Emulator, Quirks
from tiktok_async.models import Endpoint


async def begin(raw: Raw, **changes: str | None) -> Any:
    form = {"scope": "user.info.basic,video.list", "state": "s1", **changes}
    return await raw.form(Endpoint.QRCODE_GET, client_secret=None, **form)


async def check(raw: Raw, token: str) -> Any:
    return (await raw.form(Endpoint.QRCODE_CHECK, token=token)).data


async def exchange(raw: Raw, code: str) -> Any:
    return (await raw.form(Endpoint.TOKEN, grant_type="authorization_code", code=code)).data


async def test_a_code_goes_from_new_to_scanned_to_confirmed_to_utilised(raw: Raw) -> None:
    user = raw.emulator.add_user()
    begun = (await begin(raw)).data
    token = begun["token"]
    url = urlsplit(begun["scan_qrcode_url"])
    assert (url.scheme, url.netloc) == ("aweme", "authorize")
    assert parse_qs(url.query)["client_ticket"] == ["tobefilled"]
    assert await check(raw, token) == {"client_ticket": "", "status": "new"}
    raw.emulator.qr_scan(token, user, client_ticket="mine")
    assert await check(raw, token) == {"client_ticket": "mine", "status": "scanned"}
    raw.emulator.qr_confirm(token)
    confirmed = await check(raw, token)
    assert (confirmed["status"], confirmed["client_ticket"], confirmed["state"]) == ("confirmed", "mine", "s1")
    assert await check(raw, token) == {"client_ticket": "mine", "status": "utilised"}
    tokens = await exchange(raw, confirmed["code"])
    assert (tokens["open_id"], tokens["scope"]) == (user.open_id, "user.info.basic,video.list")


async def test_the_other_confirmed_reply_has_the_code_in_a_redirect_uri(serve: Any) -> None:
    async with Emulator(quirks=Quirks(qr_confirmed="redirect_uri")) as emulator:
        raw = serve(emulator)
        user = emulator.add_user()
        token = (await begin(raw)).data["token"]
        emulator.qr_scan(token, user)
        emulator.qr_confirm(token)
        confirmed = await check(raw, token)
        assert "code" not in confirmed
        params = callback(confirmed["redirect_uri"])
        assert params["state"] == "s1"
        assert (await exchange(raw, params["code"]))["open_id"] == user.open_id


async def test_a_code_expires(raw: Raw) -> None:
    token = (await begin(raw)).data["token"]
    raw.emulator.clock.advance(timedelta(minutes=3))
    assert await check(raw, token) == {"client_ticket": "", "status": "expired"}
    with pytest.raises(LookupError, match="expired"):
        raw.emulator.qr_scan(token, raw.emulator.add_user())


async def test_a_code_that_nobody_scanned_cannot_be_confirmed(raw: Raw) -> None:
    token = (await begin(raw)).data["token"]
    with pytest.raises(LookupError, match="scanned"):
        raw.emulator.qr_confirm(token)


async def test_bad_forms_are_refused(raw: Raw) -> None:
    assert (await begin(raw, scope=None)).code == "invalid_request"
    assert (await begin(raw, scope="user.info.basic,")).code == "invalid_scope"
    assert (await begin(raw, client_key="x")).code == "invalid_client"
    assert (await raw.form(Endpoint.QRCODE_CHECK, token="nobody")).code == "invalid_request"
    assert (await raw.form(Endpoint.QRCODE_CHECK, token="x", client_secret=None)).code == "invalid_request"
