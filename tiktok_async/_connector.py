"""Connections that end with their request."""

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey

__all__ = ["Connector"]


class Connector(aiohttp.TCPConnector):
    """Resets a connection that is given up with bytes still to send.

    A transport that is closed first tries to send what it holds. To a host that has stopped reading it never can, and
    the socket would stay open for good, behind a closed session too.
    """

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        # There is no public way to the transport of a request that was cancelled before its answer began.
        if should_close and protocol.transport is not None and protocol.transport.get_write_buffer_size():
            protocol.abort()
        super()._release(key, protocol, should_close=should_close)
