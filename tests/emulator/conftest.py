"""A raw client of the emulator: it uses aiohttp and nothing of the SDK."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import pytest

from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import Endpoint

FORM = "application/x-www-form-urlencoded"
CALLBACK = "http://127.0.0.1:8914/callback/"
VERIFIER = "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns"


async def until(happened: Callable[[], object]) -> None:
    """Let the loop run until *happened* returns true; otherwise the timeout of the test ends the wait."""
    while not happened():
        await asyncio.sleep(0.001)


class Answer:
    """Status, headers and body of one reply."""

    def __init__(self, status: int, headers: Any, body: bytes, data: Any) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.data = data

    @property
    def code(self) -> str:
        """`error.code` of a REST reply, `error` of an OAuth reply."""
        error = self.data["error"]
        return str(error["code"] if isinstance(error, dict) else error)


class Raw:
    """Calls the emulator as an app without an SDK would."""

    def __init__(self, emulator: Emulator, http: aiohttp.ClientSession) -> None:
        self.emulator = emulator
        self.http = http

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        url = path if path.startswith("http") else self.emulator.url + path
        async with self.http.request(method, url, allow_redirects=False, **options) as response:
            body = await response.read()
            is_json = response.content_type == "application/json" and body
            return Answer(response.status, response.headers, body, await response.json() if is_json else None)

    async def call(
        self, endpoint: Endpoint, token: str, *, json: Any = None, fields: str | None = None, **options: Any
    ) -> Answer:
        params = {} if fields is None else {"fields": fields}
        headers = {"Authorization": f"Bearer {token}"}
        return await self.send(endpoint.method, endpoint.path, params=params, headers=headers, json=json, **options)

    async def form(self, endpoint: Endpoint, *, content_type: str | None = FORM, **fields: str | None) -> Answer:
        keys = {"client_key": self.emulator.client_key, "client_secret": self.emulator.client_secret}
        form = {name: value for name, value in {**keys, **fields}.items() if value is not None}
        return await self.send(
            "POST", endpoint.path, data=urlencode(form), headers={"Content-Type": content_type or FORM}
        )

    def authorize(self, **changes: str | None) -> str:
        params = {
            "client_key": self.emulator.client_key,
            "response_type": "code",
            "scope": "user.info.basic,video.list",
            "redirect_uri": CALLBACK,
            "state": "s1",
            "code_challenge": hashlib.sha256(VERIFIER.encode()).hexdigest(),
            "code_challenge_method": "S256",
            **changes,
        }
        kept = {name: value for name, value in params.items() if value is not None}
        return f"{self.emulator.authorize_url}?{urlencode(kept)}"

    async def code(self, user: EmulatedUser, **changes: str | None) -> str:
        back = await self.emulator.consent(self.authorize(**changes), user)
        return callback(back)["code"]

    async def login(self, user: EmulatedUser) -> dict[str, Any]:
        answer = await self.form(
            Endpoint.TOKEN,
            grant_type="authorization_code",
            code=await self.code(user),
            redirect_uri=CALLBACK,
            code_verifier=VERIFIER,
        )
        assert answer.status == 200
        token: dict[str, Any] = answer.data
        return token

    async def refresh(self, refresh_token: str) -> Answer:
        return await self.form(Endpoint.TOKEN, grant_type="refresh_token", refresh_token=refresh_token)


def callback(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def serve(http: aiohttp.ClientSession) -> Any:
    """Make a raw client of an emulator: `raw = serve(emulator)`."""

    def make(emulator: Emulator) -> Raw:
        return Raw(emulator, http)

    return make


@pytest.fixture
async def raw(tiktok_emulator: Emulator, http: aiohttp.ClientSession) -> Raw:
    return Raw(tiktok_emulator, http)
