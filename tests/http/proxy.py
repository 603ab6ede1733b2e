"""An HTTP proxy as a process of its own: CONNECT, plain requests, and optionally a password.

Writes its port, and then each host and port that it was asked for, to standard output.
"""

import asyncio
import base64
import sys
from contextlib import suppress
from urllib.parse import urlsplit

wanted = sys.argv[1] if len(sys.argv) > 1 else ""


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await reader.read(65536):
            writer.write(block)
            await writer.drain()
    with suppress(OSError):
        writer.close()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, OSError):
        writer.close()
        return
    lines = head.decode().split("\r\n")
    method, target, _ = lines[0].split(" ")
    password = next((line[27:] for line in lines if line.lower().startswith("proxy-authorization: basic ")), "")
    if wanted and base64.b64decode(password).decode() != wanted:
        say(f"refused {method}")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        return
    if method == "CONNECT":
        host, _, port = target.rpartition(":")
    else:
        parts = urlsplit(target)
        host, port = parts.hostname or "", str(parts.port or 80)
    say(f"{method} {port}")
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    if method == "CONNECT":
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        far_writer.write(head)
    await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    say(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


asyncio.run(main())
