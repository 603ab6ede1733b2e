"""Starting, stopping, and how the SDK and pytest use the emulator."""

import asyncio
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.emulator.conftest import Raw
from tiktok_async.emulator import Emulator, Quirks
from tiktok_async.models import Endpoint


async def test_a_session_logs_in_lists_and_refreshes_on_the_shared_clock(tiktok_emulator: Emulator) -> None:
    user = tiktok_emulator.add_user(videos=45)
    async with tiktok_emulator.session() as session:
        account = await tiktok_emulator.connect(session, user)
        assert account.open_id == user.open_id
        assert [video.id for video in await account.videos().collect()] == user.videos.ids()
        tiktok_emulator.clock.advance(timedelta(hours=3))
        assert (await account.user_info()).display_name == user.display_name
        assert tiktok_emulator.refreshes == {user.open_id: 1}
        assert not tiktok_emulator.reuses


async def test_connect_can_grant_fewer_scopes(tiktok_emulator: Emulator) -> None:
    user = tiktok_emulator.add_user()
    async with tiktok_emulator.session() as session:
        account = await tiktok_emulator.connect(session, user, scopes={"user.info.basic"})
        assert (await account.token()).scopes == {"user.info.basic"}


async def test_connect_uses_a_registered_redirect_uri() -> None:
    async with Emulator(redirect_uris=["http://localhost:*/done/"]) as emulator, emulator.session() as session:
        await emulator.connect(session, emulator.add_user())
        assert emulator.requests.to(Endpoint.TOKEN)[0].form["redirect_uri"] == "http://localhost:8914/done/"


async def test_closing_does_not_wait_for_a_request_that_hangs(http: aiohttp.ClientSession) -> None:
    async with Emulator() as emulator:
        emulator.fail_next(Endpoint.TOKEN, delay=timedelta(days=1))
        hanging = asyncio.ensure_future(http.post(emulator.url + Endpoint.TOKEN.path))
        while not emulator.clock.timers:
            await asyncio.sleep(0.001)
        started = time.monotonic()
    assert time.monotonic() - started < 100
    with pytest.raises(aiohttp.ClientError):
        await hanging


@pytest.mark.parametrize("iterations", range(8))
async def test_closing_also_closes_a_connection_that_is_being_accepted(iterations: int) -> None:
    emulator = Emulator()
    await emulator.start()
    with socket.create_connection(("127.0.0.1", urlsplit(emulator.url).port or 0)) as client:
        client.setblocking(False)
        for _ in range(iterations):
            await asyncio.sleep(0)
        await emulator.aclose()
        async with asyncio.timeout(30):
            with suppress(ConnectionResetError):
                assert await asyncio.get_running_loop().sock_recv(client, 1) == b""


async def test_a_port_in_use_is_an_error_and_leaves_nothing_open() -> None:
    async with Emulator() as first:
        second = Emulator(port=int(first.url.rpartition(":")[2]))
        with pytest.raises(OSError, match="in use"):
            await second.start()
        await second.aclose()


async def test_a_keyword_argument_overrides_the_quirks() -> None:
    emulator = Emulator(quirks=Quirks(rotation="none", code_lifetime=timedelta(1)), rotation="grace")
    assert (emulator.quirks.rotation, emulator.quirks.code_lifetime) == ("grace", timedelta(1))
    with pytest.raises(ValueError, match="rotation"):
        Emulator(rotation="often")  # type: ignore[arg-type]  # the point of the test


async def test_two_users_cannot_share_an_open_id(tiktok_emulator: Emulator) -> None:
    tiktok_emulator.add_user(open_id="one")
    with pytest.raises(ValueError, match="one"):
        tiktok_emulator.add_user(open_id="one")


async def test_the_date_header_follows_the_clock(raw: Raw) -> None:
    raw.emulator.clock.advance(timedelta(days=3))
    answer = await raw.refresh("rft.x")
    ahead = parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < ahead < timedelta(days=3, hours=1)


@pytest.mark.parametrize(
    ("quirks", "success", "failure"),
    [
        (Quirks(ok_message="ok."), {"code": "ok", "message": "ok."}, {}),
        (Quirks(error_data="absent"), {"code": "ok"}, None),
        (Quirks(log_id_key="logid"), {"code": "ok"}, {}),
    ],
)
async def test_envelopes_can_have_each_form_that_tiktok_uses(
    serve: Any, quirks: Quirks, success: Any, failure: Any
) -> None:
    async with Emulator(quirks=quirks) as emulator:
        raw = serve(emulator)
        token = emulator.grant(emulator.add_user())["access_token"]
        answer = await raw.call(Endpoint.USER_INFO, token, fields="open_id")
        assert success.items() <= answer.data["error"].items()
        assert quirks.log_id_key in answer.data["error"]
        assert (await raw.call(Endpoint.USER_INFO, "nobody", fields="open_id")).data.get("data") == failure


def test_the_pytest_plugin_imports_no_emulator_before_a_test_needs_it() -> None:
    program = (
        "import sys, tiktok_async.pytest_plugin;"
        "loaded = [name for name in sys.modules if name.startswith(('aiohttp', 'tiktok_async.emulator', 'attrs'))];"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_pytest_without_pytest_asyncio_still_loads_the_plugin() -> None:
    program = (
        "import importlib.util as util; real = util.find_spec;"
        "util.find_spec = lambda name, package=None: None if name == 'pytest_asyncio' else real(name, package);"
        "import tiktok_async.pytest_plugin as plugin; assert plugin.tiktok_emulator"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
