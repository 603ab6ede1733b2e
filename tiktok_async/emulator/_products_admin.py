"""The emulator's own API for publishing and Research, for other processes: JSON under `/_emulator/`.

| request | body | answer |
|---|---|---|
| `GET /_emulator/posts` | | `posts`: id, status, hash and PUTs of each; `accepted` by open_id |
| `POST /_emulator/timeline` | the attributes of `Timeline`, durations in seconds | `{}` |
| `POST /_emulator/creator` | `open_id`, the keywords of `Emulator.creator` | `{}` |
| `POST /_emulator/tears` | `after`: a list of numbers, as for `Emulator.tear_upload` | `{}` |
| `POST /_emulator/research` | attributes of `ResearchData` (dates ISO 8601); none: no change | quotas and size |
| `POST /_emulator/quirks` | `posting`, `research`, `portability`: attributes to change, durations in seconds | `{}` |
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, fields

from tiktok_async.emulator._admin import PREFIX, as_json
from tiktok_async.emulator._posts import Post
from tiktok_async.emulator._research_data import ResearchData
from tiktok_async.emulator._routes import Call, RouteDef
from tiktok_async.emulator._timelines import Timeline

if TYPE_CHECKING:
    from tiktok_async.emulator._emulator import Emulator


def routes(emulator: "Emulator") -> list[RouteDef]:
    """Return the routes of this part of the emulator's own API."""
    admin = _ProductsAdmin(emulator)
    table: tuple[tuple[str, str, Callable[[Call], Awaitable[Any]]], ...] = (
        ("GET", "posts", admin.posts),
        ("POST", "timeline", admin.timeline),
        ("POST", "creator", admin.creator),
        ("POST", "tears", admin.tears),
        ("POST", "research", admin.research),
        ("POST", "quirks", admin.quirks),
    )
    return [
        RouteDef(endpoint="admin", method=method, path=PREFIX + path, handler=as_json(work), hidden=True)
        for method, path, work in table
    ]


class _ProductsAdmin:
    def __init__(self, emulator: "Emulator") -> None:
        self._emulator = emulator

    async def posts(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        del call
        posts = self._emulator.posts
        return {
            "posts": [_post(post) for post in posts],
            "accepted": posts.accepted,
            "leaked_bearer": self._emulator.leaked_bearer,
        }

    async def timeline(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        self._emulator.plan_timeline(_changed(Timeline(), call.json()))

    async def creator(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        body = call.json()
        self._emulator.creator(self._emulator.state.users[body.pop("open_id")], **body)

    async def tears(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        self._emulator.tear_upload(*map(int, call.json()["after"]))

    async def research(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        research, body = self._emulator.research, call.json()
        if "first_day" in body:
            body["first_day"] = date.fromisoformat(body["first_day"])
        if body:
            research.data = ResearchData(**body)
        return {
            "videos": len(research.data.all),
            "used": research.quota.used,
            "graph_used": research.graph_quota.used,
            "refused": research.quota.refused + research.graph_quota.refused,
        }

    async def quirks(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        emulator, body = self._emulator, call.json()
        emulator.posting.quirks = _changed(emulator.posting.quirks, body.get("posting", {}))
        emulator.research.quirks = _changed(emulator.research.quirks, body.get("research", {}))
        emulator.portability.quirks = _changed(emulator.portability.quirks, body.get("portability", {}))


def _changed(current: Any, changes: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any set of switches
    """Return *current* with *changes*; what is a duration there is given in seconds."""
    timed = {field.name for field in fields(current.__class__) if "timedelta" in str(field.type)}
    wanted = {
        name: timedelta(seconds=value) if name in timed and value is not None else value
        for name, value in changes.items()
    }
    return evolve(current, **wanted)


def _post(post: Post) -> dict[str, Any]:
    return {
        "publish_id": post.publish_id,
        "open_id": post.open_id,
        "endpoint": post.endpoint.name,
        "body": post.body,
        "status": post.status,
        "fail_reason": post.fail_reason,
        "post_ids": [str(post_id) for post_id in post.post_ids],
        "uploaded": post.upload.uploaded if post.upload is not None else None,
        "sha256": post.sha256,
        "arrivals": [asdict(arrival) for arrival in post.arrivals],
        "events": post.events,
    }
