"""Data Portability: scopes that work once, states that follow the clock, and the zip file."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
import pytest
from attrs import evolve

from tests.emulator.conftest import Answer, Raw
from tiktok_async.models import Endpoint

FIELDS = "request_id,apply_time,collect_time,status,data_format,category_selection_list"
CHOICE: dict[str, Any] = {"data_format": "json", "category_selection_list": ["profile", "direct_message"]}


class Owner:
    """A user who granted *scopes*."""

    def __init__(self, raw: Raw, *scopes: str) -> None:
        self.raw = raw
        names = [f"portability.{scope}" for scope in scopes]
        self.user = raw.emulator.add_user(scopes=names)

    async def call(self, endpoint: Endpoint, fields: str | None = None, **body: Any) -> Answer:
        token = self.raw.emulator.grant(self.user)["access_token"]
        return await self.raw.call(endpoint, token, json=body, fields=fields)

    async def add(self, *categories: str) -> Answer:
        body = {**CHOICE, "category_selection_list": list(categories)} if categories else CHOICE
        return await self.call(Endpoint.PORTABILITY_ADD, "request_id", **body)

    async def status(self, request_id: int) -> str:
        answer = await self.call(Endpoint.PORTABILITY_CHECK, "status", request_id=request_id)
        return str(answer.data["data"]["status"])

    async def download(self, request_id: Any) -> Answer:
        return await self.call(Endpoint.PORTABILITY_DOWNLOAD, request_id=request_id)


@pytest.fixture
def owner(raw: Raw) -> Owner:
    return Owner(raw, "all.ongoing")


def change(raw: Raw, **quirks: Any) -> None:
    raw.emulator.portability.quirks = evolve(raw.emulator.portability.quirks, **quirks)


def request_id(answer: Answer) -> int:
    assert answer.code == "ok", answer.data
    assert type(answer.data["data"]["request_id"]) is int
    return int(answer.data["data"]["request_id"])


async def test_an_archive_goes_from_pending_to_downloading_to_expired(raw: Raw, owner: Owner) -> None:
    change(raw, preparation=timedelta(hours=1))
    number = request_id(await owner.add())
    assert await owner.status(number) == "pending"
    assert (await owner.download(number)).code == "invalid_params"
    assert not raw.emulator.webhooks
    raw.emulator.clock.advance(timedelta(hours=1))
    assert await owner.status(number) == "downloading"
    (webhook,) = (orjson.loads(delivery.body) for delivery in raw.emulator.webhooks)
    assert webhook["event"] == "portability.download.ready"
    assert "user_openid" not in webhook
    assert orjson.loads(webhook["content"]) == {"request_id": number}
    raw.emulator.clock.advance(timedelta(days=4))
    assert await owner.status(number) == "expired"
    answer = await owner.download(number)
    assert answer.status == 400
    assert answer.data["error"]["http_status_code"] == 400
    assert answer.data["error"]["message"] == "Incorrect `request_id`. Please validate the request."


@pytest.mark.parametrize("word", ["direct_message", "direct_messages"])
async def test_a_check_has_the_documented_shape(raw: Raw, owner: Owner, word: str) -> None:
    change(raw, category_word=word)
    number = request_id(await owner.add())
    data = (await owner.call(Endpoint.PORTABILITY_CHECK, FIELDS, request_id=number)).data["data"]
    times = data.pop("apply_time"), data.pop("collect_time")
    assert [type(moment) for moment in times] == [int, int]
    assert data == {
        "request_id": number,
        "status": "downloading",
        "data_format": "json",
        "category_selection_list": ["profile", word],
    }


@pytest.mark.parametrize(("data_format", "suffix"), [("json", ".json"), ("text", ".txt")])
async def test_the_download_is_a_zip_of_the_categories(owner: Owner, data_format: str, suffix: str) -> None:
    body = {"data_format": data_format, "category_selection_list": ["profile", "activity"]}
    number = request_id(await owner.call(Endpoint.PORTABILITY_ADD, "request_id", **body))
    answer = await owner.download(number)
    assert (answer.status, answer.headers["Content-Type"], answer.body[:2]) == (200, "application/zip", b"PK")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as zipped:
        assert zipped.testzip() is None
        assert zipped.namelist() == [f"Profile/Profile{suffix}", f"Activity/Activity{suffix}"]
    assert (await owner.download(number)).body == answer.body


async def test_all_data_overrides_the_other_categories(owner: Owner) -> None:
    number = request_id(await owner.add("video", "all_data"))
    data = (await owner.call(Endpoint.PORTABILITY_CHECK, FIELDS, request_id=number)).data["data"]
    assert data["category_selection_list"] == ["all_data"]
    with zipfile.ZipFile(io.BytesIO((await owner.download(number)).body)) as zipped:
        assert len(zipped.namelist()) == 6


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (None, CHOICE),
        ("status", CHOICE),
        ("request_id", {**CHOICE, "data_format": "xml"}),
        ("request_id", {"data_format": "json"}),
        ("request_id", {"category_selection_list": ["video"]}),
        ("request_id", {**CHOICE, "category_selection_list": []}),
        ("request_id", {**CHOICE, "category_selection_list": ["everything"]}),
        ("request_id", {**CHOICE, "category_selection_list": "video"}),
    ],
)
async def test_a_malformed_request_is_refused(owner: Owner, fields: str | None, body: dict[str, Any]) -> None:
    answer = await owner.call(Endpoint.PORTABILITY_ADD, fields, **body)
    assert (answer.status, answer.code) == (400, "invalid_params")


@pytest.mark.parametrize(
    ("scopes", "categories", "codes"),
    [
        (["all.ongoing"], ["all_data"], ["ok", "ok"]),
        (["all.single"], ["all_data"], ["ok", "scope_not_authorized"]),
        (["all.single"], ["video", "activity"], ["ok", "scope_not_authorized"]),
        (["postsandprofile.ongoing"], ["video", "profile"], ["ok", "ok"]),
        (["postsandprofile.single"], ["profile"], ["ok", "scope_not_authorized"]),
        (["activity.single", "postsandprofile.ongoing"], ["video", "activity"], ["ok", "scope_not_authorized"]),
        (["postsandprofile.ongoing"], ["activity"], ["scope_not_authorized"]),
        (["activity.ongoing", "directmessages.ongoing"], ["all_data"], ["scope_not_authorized"]),
        ([], ["video"], ["scope_not_authorized"]),
    ],
)
async def test_a_single_scope_works_once(raw: Raw, scopes: list[str], categories: list[str], codes: list[str]) -> None:
    owner = Owner(raw, *scopes)
    answers = [await owner.add(*categories) for _ in codes]
    assert [answer.code for answer in answers] == codes
    assert [answer.status for answer in answers] == [200 if code == "ok" else 401 for code in codes]


async def test_only_the_broadest_single_scope_is_used_up(raw: Raw) -> None:
    owner = Owner(raw, "all.single", "activity.single")
    assert [(await owner.add("activity", "video")).code, (await owner.add("video")).code] == [
        "ok",
        "scope_not_authorized",
    ]
    assert (await owner.add("activity")).code == "ok"


async def test_a_pending_request_is_cancelled_by_body_or_by_query(raw: Raw, owner: Owner) -> None:
    change(raw, preparation=timedelta(hours=1))
    first, second = request_id(await owner.add()), request_id(await owner.add())
    answer = await owner.call(Endpoint.PORTABILITY_CANCEL, request_id=first)
    assert (answer.code, set(answer.data)) == ("ok", {"error"})
    token = raw.emulator.grant(owner.user)["access_token"]
    path = f"{Endpoint.PORTABILITY_CANCEL.path}?request_id={second}"
    assert (await raw.send("POST", path, headers={"Authorization": f"Bearer {token}"})).code == "ok"
    raw.emulator.clock.advance(timedelta(hours=2))
    assert [await owner.status(first), await owner.status(second)] == ["cancelled", "cancelled"]
    assert (await owner.call(Endpoint.PORTABILITY_CANCEL, request_id=first)).code == "invalid_params"
    assert not raw.emulator.webhooks


async def test_requests_of_other_users_are_not_found(raw: Raw, owner: Owner) -> None:
    number = request_id(await owner.add())
    other_owner = Owner(raw, "all.ongoing")
    for wrong in (number, str(number), None):
        assert (await other_owner.download(wrong)).code == "invalid_params"


async def test_an_interrupted_download_can_be_continued(raw: Raw, owner: Owner) -> None:
    change(raw, archive_size=200_000, ranges=True)
    number = request_id(await owner.add())
    whole = (await owner.download(number)).body
    assert len(whole) > 200_000
    raw.emulator.fail_next(Endpoint.PORTABILITY_DOWNLOAD, truncate=50_000)
    with pytest.raises(aiohttp.ClientPayloadError):
        await owner.download(number)
    token = raw.emulator.grant(owner.user)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Range": "bytes=50000-"}
    path = Endpoint.PORTABILITY_DOWNLOAD.path
    rest = await raw.send("POST", path, json={"request_id": number}, headers=headers)
    assert (rest.status, rest.headers["Content-Range"]) == (206, f"bytes 50000-{len(whole) - 1}/{len(whole)}")
    assert rest.body == whole[50_000:]
    change(raw, ranges=False)
    assert (await raw.send("POST", path, json={"request_id": number}, headers=headers)).status == 200
