"""An upload host that reads as fast as it can and keeps nothing; with the few API answers that an upload needs.

    python benchmarks/upload_sink.py CERTIFICATE KEY [--sha256]

Prints its port. Threads and blocking sockets: it must never be what is measured. With `--sha256` it is slower, and
`/arrived/` answers with the digest of the last upload.
"""

import hashlib
import json
import re
import socket
import ssl
import sys
import threading
from typing import Any

_RANGE = re.compile(rb"content-range: bytes (\d+)-(\d+)/(\d+)", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Arrived:
    """The digest of one upload at a time, whose chunks have to come in order."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.size = 0
        self.sha256 = hashlib.sha256()

    def chunk(self, start: int) -> None:
        if start == 0:
            self.begin()
        if start != self.size:
            raise ValueError(f"a chunk begins at byte {start}, {self.size} have arrived")

    def take(self, block: bytes | memoryview) -> None:
        self.size += len(block)
        self.sha256.update(block)


def main() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    arrived = Arrived() if "--sha256" in sys.argv else None
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        plain, _ = listener.accept()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        arguments = (context, plain, listener.getsockname()[1], arrived)
        threading.Thread(target=serve, args=arguments, daemon=True).start()


def serve(context: ssl.SSLContext, plain: socket.socket, port: int, arrived: Arrived | None) -> None:
    buffer = memoryview(bytearray(1 << 20))
    try:
        with context.wrap_socket(plain, server_side=True) as connection:
            pending = b""
            while True:
                while b"\r\n\r\n" not in pending:
                    block = connection.recv(65_536)
                    if not block:
                        return
                    pending += block
                head, _, rest = pending.partition(b"\r\n\r\n")
                if b"expect: 100-continue" in head.lower():
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                found = _LENGTH.search(head)
                left = (int(found[1]) if found else 0) - len(rest)
                span = _RANGE.search(head)
                watched = arrived if span else None
                if span and watched:
                    watched.chunk(int(span[1]))
                    watched.take(rest)
                while left > 0:
                    taken = connection.recv_into(buffer, min(left, len(buffer)))
                    if not taken:
                        return
                    left -= taken
                    if watched:
                        watched.take(buffer[:taken])
                pending = b""
                connection.sendall(answer(head, port, arrived))
    except OSError:
        return


def answer(head: bytes, port: int, arrived: Arrived | None) -> bytes:
    span = _RANGE.search(head)
    if span is not None:
        _, last, total = map(int, span.groups())
        status = "201 Created" if last + 1 == total else "206 Partial Content"
        return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nContent-Range: bytes 0-{last}/{total}\r\n\r\n".encode()
    data: dict[str, Any] = {"status": "PUBLISH_COMPLETE"}
    if arrived and b"/arrived/" in head.split(b"\r\n", 1)[0]:
        data = {"size": arrived.size, "sha256": arrived.sha256.hexdigest()}
    if b"/init/" in head.split(b"\r\n", 1)[0]:
        data = {"publish_id": "v_pub_file~v2-1.1", "upload_url": f"https://localhost:{port}/upload?upload_token=bench"}
    body = json.dumps({"data": data, "error": {"code": "ok", "message": "", "log_id": "bench"}}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


if __name__ == "__main__":
    main()
