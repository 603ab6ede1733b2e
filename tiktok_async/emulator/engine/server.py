"""Turns a request of aiohttp into a reply: log, faults, guard, handler."""

import socket
import struct
from collections.abc import Iterable
from email.utils import formatdate

from aiohttp import web

from tiktok_async.emulator.engine import guard as _guard
from tiktok_async.emulator.engine.faults import Fault
from tiktok_async.emulator.engine.replies import TEXT, Reply
from tiktok_async.emulator.engine.requests import RecordedRequest, keep
from tiktok_async.emulator.engine.routes import BadBody, Call, OAuthRefused, RouteDef
from tiktok_async.emulator.engine.state import State

# SO_LINGER with zero seconds: closing then resets the connection (RST) instead of ending it normally (FIN).
_RESET = struct.pack("ii", 1, 0)
_DRIPS = 10


class Dropped(Exception):
    """The connection was closed on purpose; no answer can be sent."""


class Dispatcher:
    """Answers every request.

    Args:
        state: The state that the areas share.
        routes: The routes of the areas.
    """

    def __init__(self, state: State, routes: Iterable[RouteDef]) -> None:
        self._state = state
        self._routes: dict[str, dict[str, RouteDef]] = {}
        self._prefixes: list[RouteDef] = []
        for route in routes:
            if route.prefix:
                self._prefixes.append(route)
            else:
                self._routes.setdefault(route.path, {})[route.method] = route

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer *request*, in aiohttp's types."""
        found = self._find(request)
        if isinstance(found, Reply):
            return self._response(found)
        state = self._state
        token = None
        record = RecordedRequest(
            endpoint=found.endpoint,
            method=request.method,
            path=request.path,
            query=request.rel_url.raw_query_string,
            headers=request.headers,
            at=state.clock.now(),
        )
        call = Call(request, record)
        if found.auth != "none" and (token := _guard.bearer(call)) is not None:
            record.open_id = state.grants.whose(token)
        fault = None
        if not found.hidden:
            state.log.arrived(record)
            fault = state.faults.take(found.endpoint, record.open_id)
        try:
            if fault is None:
                reply = await self._work(call, found, token)
                response: web.StreamResponse = self._response(reply)
            else:
                reply = await self._faulty(call, found, token, fault)
                response = await self._broken(request, reply, fault)
        except (Dropped, ConnectionError):
            # Nothing more can be sent; aiohttp sees the closed transport and drops the connection.
            reply = Reply(0, b"")
            response = web.Response(status=500)
        if not found.hidden:
            state.log.answered(record, reply.status)
        return response

    def _find(self, request: web.BaseRequest) -> RouteDef | Reply:
        methods = self._routes.get(request.path)
        if methods is None:
            for route in self._prefixes:
                if route.method == request.method and request.path.startswith(route.path):
                    return route
            return Reply(404, b"404 page not found", TEXT)
        return methods.get(request.method) or Reply(405, b"405 method not allowed", TEXT, {"Allow": ", ".join(methods)})

    async def _work(self, call: Call, route: RouteDef, token: str | None) -> Reply:
        """Process the request."""
        if not route.reads_body:
            call.body = await call.request.read()
            call.record.body = keep(call.body)
        if route.auth != "none":
            refused = _guard.admit(self._state, call, route, token)
            if refused is not None:
                return refused
        try:
            return await route.handler(call)
        except BadBody as error:
            return self._state.replies.error("invalid_params", str(error))
        except OAuthRefused as refused:
            return self._state.replies.oauth_error(refused.error, refused.description)

    async def _faulty(self, call: Call, route: RouteDef, token: str | None, fault: Fault) -> Reply:
        """Process the request as far as *fault* allows."""
        if fault.delay is not None:
            await self._state.clock.sleep(fault.delay.total_seconds())
        if fault.drop == "before":
            _reset(call.request)
            raise Dropped
        reply = fault.reply(self._state.replies, oauth=route.oauth)
        if reply is None:
            reply = await self._work(call, route, token)
        else:
            if route.auth != "none":
                _guard.admit(self._state, call, route, token)  # the request arrived, so it counts in the window
            # Read the whole body, so that the client's upload is not interrupted.
            if route.reads_body:
                while await call.request.content.readany():
                    pass
            else:
                call.body = await call.request.read()
                call.record.body = keep(call.body)
            if route.on_fault is not None:
                route.on_fault()
        if fault.drop == "after":
            _reset(call.request)
            raise Dropped
        return reply

    async def _broken(self, request: web.BaseRequest, reply: Reply, fault: Fault) -> web.StreamResponse:
        """Send *reply* slowly or only in part, as *fault* says."""
        if fault.drip is None and fault.truncate is None:
            return self._response(reply)
        response = web.StreamResponse(
            status=reply.status, headers={"Content-Type": reply.content_type, **reply.headers}
        )
        response.content_length = len(reply.body)
        await response.prepare(request)
        body = reply.body if fault.truncate is None else reply.body[: fault.truncate]
        pause = 0.0 if fault.drip is None else fault.drip.total_seconds() / _DRIPS
        step = max(1, -(-len(body) // _DRIPS))
        for start in range(0, len(body), step):
            await response.write(body[start : start + step])
            await self._state.clock.sleep(pause)
        if len(body) < len(reply.body):
            if request.transport is not None:
                request.transport.close()
            raise Dropped
        await response.write_eof()
        return response

    def _response(self, reply: Reply) -> web.Response:
        headers = {"Content-Type": reply.content_type, **reply.headers}
        if self._state.clock.moved:
            headers["Date"] = formatdate(self._state.clock.timestamp(), usegmt=True)
        return web.Response(status=reply.status, body=reply.body, headers=headers)


def _reset(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is None:
        return
    plain = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
