"""The emulator's own API for other processes and languages: JSON under `/_emulator/`.

| request | body | answer |
|---|---|---|
| `GET /_emulator/` | | keys, URLs, users, counters |
| `POST /_emulator/users` | the arguments of `Emulator.add_user` | the user |
| `POST /_emulator/tokens` | `open_id`, `scopes` (optional) | a token reply, as after a login |
| `POST /_emulator/revoke` | `open_id` | `{}` |
| `POST /_emulator/clock` | `advance`, seconds | `now`, ISO 8601 |
| `POST /_emulator/faults` | `endpoint`, the arguments of `Emulator.fail_next` (seconds; `open_id` for `user`) | `{}` |
| `DELETE /_emulator/faults` | | `{}`; all planned faults are removed |
| `GET /_emulator/requests` | query `endpoint`, `last` (default 100) | `requests`, newest last |
| `DELETE /_emulator/requests` | | `{}`; the log and its counts are empty |
| `POST /_emulator/webhooks` | `event`, `content` (or a sample), `open_id`, `copies`, `after` (seconds), `url` | `{}` |
| `POST /_emulator/minis` | `open_id`, `step`: `login`, `ask`, `allow` or `deny` | `code`; or `popup`: true if shown |
| `POST /_emulator/qr` | `token`, `open_id` to scan (`client_ticket`), `confirm: true` to confirm | `{}` |
| `GET /_emulator/posts` | | `posts`: the id, status, hash and PUTs of each; `accepted` by open_id |
| `POST /_emulator/timeline` | the attributes of `Timeline`, durations in seconds | `{}` |
| `POST /_emulator/creator` | `open_id`, the arguments of `Emulator.creator` | `{}` |
| `POST /_emulator/tears` | `after`: a list of numbers, as for `Emulator.tear_upload` | `{}` |
| `POST /_emulator/research` | attributes of `ResearchData` (dates in ISO 8601); none: no change | quotas and size |
| `GET /_emulator/quirks` | | every quirk and its value |
| `POST /_emulator/quirks` | attributes of `Quirks`; `posting`, `research` and `portability` are objects | the same |

An endpoint is given by its name, such as `VIDEO_LIST`. A bad request gets status 400, and `error` says what is wrong.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from attrs import asdict, evolve, fields

from tiktok_async.emulator.engine.quirk_values import change_quirks
from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.requests import RecordedRequest
from tiktok_async.emulator.engine.routes import BadBody, Call, RouteDef
from tiktok_async.emulator.engine.webhook_samples import SAMPLES
from tiktok_async.emulator.posting.posts import Post
from tiktok_async.emulator.posting.timelines import Timeline
from tiktok_async.emulator.research.data import ResearchData
from tiktok_async.models import Endpoint

if TYPE_CHECKING:
    from tiktok_async.emulator._controls import Controls
    from tiktok_async.emulator.engine.users import EmulatedUser


PREFIX = "/_emulator/"
_DURATIONS = ("delay", "drip", "after")


def routes(emulator: "Controls") -> list[RouteDef]:
    """Return the routes of the emulator's own API."""
    admin = _Admin(emulator)
    table: tuple[tuple[str, str, Callable[[Call], Awaitable[Any]]], ...] = (
        ("GET", "", admin.overview),
        ("POST", "users", admin.add_user),
        ("POST", "tokens", admin.tokens),
        ("POST", "revoke", admin.revoke),
        ("POST", "clock", admin.clock),
        ("POST", "faults", admin.fail_next),
        ("DELETE", "faults", admin.forget_faults),
        ("GET", "requests", admin.requests),
        ("DELETE", "requests", admin.forget_requests),
        ("POST", "webhooks", admin.webhooks),
        ("POST", "minis", admin.minis),
        ("POST", "qr", admin.qr),
        ("GET", "posts", admin.posts),
        ("POST", "timeline", admin.timeline),
        ("POST", "creator", admin.creator),
        ("POST", "tears", admin.tears),
        ("POST", "research", admin.research),
        ("GET", "quirks", admin.all_quirks),
        ("POST", "quirks", admin.quirks),
    )
    return [
        RouteDef(endpoint="admin", method=method, path=PREFIX + path, handler=_as_json(work), hidden=True)
        for method, path, work in table
    ]


class _Admin:
    def __init__(self, emulator: "Controls") -> None:
        self._emulator = emulator

    async def overview(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        del call
        emulator = self._emulator
        return {
            "url": emulator.url,
            "authorize_url": emulator.authorize_url,
            "client_key": emulator.client_key,
            "client_secret": emulator.client_secret,
            "now": emulator.clock.now(),
            "webhook_url": emulator.webhook_url,
            "webhook_samples": SAMPLES,
            "endpoints": [endpoint.name for endpoint in Endpoint],
            "users": [_user(user) for user in emulator.users[:1000]],
            "counters": {
                "requests": {_name(key): count for key, count in emulator.requests.counts.items()},
                "statuses": {
                    f"{_name(key)} {status}": count for (key, status), count in emulator.requests.statuses.items()
                },
                "rate_limited": {_name(key): count for key, count in emulator.rate_limited.items()},
                "refreshes": emulator.refreshes,
                "reuses": emulator.reuses,
                "logins": emulator.logins,
            },
        }

    async def add_user(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        return _user(self._emulator.add_user(**call.json()))

    async def tokens(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        body = call.json()
        return self._emulator.grant(self._whose(body), body.get("scopes"))

    async def revoke(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        self._emulator.revoke(self._whose(call.json()))

    async def clock(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        self._emulator.clock.advance(float(call.json()["advance"]))
        return {"now": self._emulator.clock.now()}

    async def fail_next(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        body = _timed(call.json())
        if "open_id" in body:
            body["user"] = self._whose(body)
            del body["open_id"]
        self._emulator.fail_next(_endpoint(body.pop("endpoint")), **body)

    async def forget_faults(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        del call
        self._emulator.state.faults.clear()

    async def requests(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        log = self._emulator.requests
        name = call.query.get("endpoint")
        records = list(log) if name is None else log.to(_endpoint(name))
        return {"requests": [_record(record) for record in records[-int(call.query.get("last", "100")) :]]}

    async def forget_requests(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        del call
        self._emulator.requests.clear()

    async def webhooks(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        body = _timed(call.json())
        if "url" in body:
            self._emulator.webhook_url = body.pop("url")
        if "event" in body:
            user = self._whose(body) if "open_id" in body else None
            body.pop("open_id", None)
            self._emulator.send_webhook(body.pop("event"), body.pop("content", None), user, **body)

    async def minis(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        body = call.json()
        user, emulator = self._whose(body), self._emulator
        match body["step"]:
            case "login":
                # A silent login grants this scope, before any consent.
                return {"code": emulator.minis_code(user, ("user.info.open_id",))}
            case "allow":
                return {"popup": emulator.allow(user)}
            case "ask" | "deny":  # neither changes anything
                return {"popup": emulator.deny(user)}
            case step:
                raise BadBody(f"`step` is login, ask, allow or deny, not {step!r}")

    async def qr(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        body = call.json()
        if "open_id" in body:
            self._emulator.qr_scan(body["token"], self._whose(body), client_ticket=body.get("client_ticket"))
        if body.get("confirm"):
            self._emulator.qr_confirm(body["token"])

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
        self._emulator.quirks = change_quirks(self._emulator.quirks, call.json())
        return await self.all_quirks(call)

    async def all_quirks(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        del call
        return asdict(self._emulator.quirks, value_serializer=_as_json_value)

    def _whose(self, body: dict[str, Any]) -> "EmulatedUser":
        return self._emulator.state.users[body["open_id"]]


def _as_json(work: Callable[[Call], Awaitable[Any]]) -> Callable[[Call], Awaitable[Reply]]:
    """Return a handler that answers with the result of *work* as JSON, or with an error message."""

    async def handler(call: Call) -> Reply:
        try:
            return Reply(200, orjson.dumps(await work(call) or {}))
        except KeyError as error:
            problem = f"missing or unknown: {error.args[0]}"
        except (BadBody, LookupError, TypeError, ValueError) as error:
            problem = str(error)
        return Reply(400, orjson.dumps({"error": problem}))

    return handler


def _as_json_value(_owner: object, _attribute: object, value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _timed(body: dict[str, Any]) -> dict[str, Any]:
    return {name: timedelta(seconds=value) if name in _DURATIONS else value for name, value in body.items()}


def _endpoint(name: str) -> Endpoint | str:
    return Endpoint.__members__.get(name, name)


def _name(key: Endpoint | str) -> str:
    return key.name if isinstance(key, Endpoint) else key


def _user(user: "EmulatedUser") -> dict[str, Any]:
    return {
        "open_id": user.open_id,
        "username": user.username,
        "display_name": user.display_name,
        "scopes": sorted(user.scopes),
        "videos": len(user.videos),
    }


def _record(record: RecordedRequest) -> dict[str, Any]:
    return {
        "endpoint": _name(record.endpoint),
        "method": record.method,
        "path": record.path,
        "status": record.status,
        "at": record.at,
        "open_id": record.open_id,
    }


def _changed(current: Any, changes: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any set of switches
    """Return *current* with *changes*; durations in *changes* are in seconds."""
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
