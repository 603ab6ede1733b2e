"""Publishing and Research from another process: the emulator's own API."""

from datetime import timedelta
from typing import Any

from tests.emulator.conftest import Raw
from tiktok_async.emulator import ResearchQuirks
from tiktok_async.models import Endpoint

PULL = {"source": "PULL_FROM_URL", "video_url": "https://media.example.com/a.mp4"}


async def admin(raw: Raw, path: str, body: Any = None) -> Any:
    answer = await raw.send("GET" if body is None else "POST", f"/_emulator/{path}", json=body)
    assert answer.status == 200, answer.data
    return answer.data


async def test_another_process_sees_and_plans_publishes(raw: Raw) -> None:
    user = raw.emulator.add_user()
    await admin(raw, "timeline", {"processing": 60, "fail_reason": "internal"})
    await admin(raw, "creator", {"open_id": user.open_id, "comment_disabled": True})
    await admin(raw, "tears", {"after": [10]})
    assert raw.emulator.posting.timeline.processing == timedelta(minutes=1)
    assert raw.emulator.creator(user).comment_disabled
    body = {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": PULL}
    await raw.call(Endpoint.VIDEO_INIT, raw.emulator.grant(user)["access_token"], json=body)
    await admin(raw, "clock", {"advance": 60})
    seen = await admin(raw, "posts")
    assert seen["accepted"] == {user.open_id: 1}
    assert seen["leaked_bearer"] is False
    (post,) = seen["posts"]
    assert (post["status"], post["fail_reason"], post["body"]) == ("FAILED", "internal", body)


async def test_another_process_chooses_the_data_set_and_the_quirks(raw: Raw) -> None:
    assert (await admin(raw, "research", {}))["videos"] == 3_000
    chosen = await admin(raw, "research", {"videos": 50, "days": 3, "first_day": "2026-01-01"})
    assert chosen == {"videos": 50, "used": 0, "graph_used": 0, "refused": 0}
    quirks = {"research": {"search_id_life": 5, "end_date": "exclusive"}, "posting": {"torn_chunk": "kept"}}
    await admin(raw, "quirks", quirks)
    assert raw.emulator.research.quirks == ResearchQuirks(search_id_life=timedelta(seconds=5), end_date="exclusive")
    assert raw.emulator.posting.quirks.torn_chunk == "kept"
    refused = await raw.send("POST", "/_emulator/quirks", json={"research": {"nonsense": 1}})
    assert refused.status == 400
