"""A light HTTP/1.1 client: one kept-alive connection, one request at a time, little work each.

The client shares the machine with the server, so it must cost little: no third-party package, no
stream buffers, and only as much of the protocol as the site uses (Content-Length, no chunks).
"""

import asyncio
from dataclasses import dataclass

END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """`head` is the raw status line and headers."""

    status: int
    head: bytes
    body: bytes

    @property
    def server_s(self) -> float:
        """How long the site says it worked on it; 0 where it does not say."""
        told = self.header("Server-Timing").partition("dur=")[2]
        return float(told or 0.0) / 1000.0

    def header(self, name: str) -> str:
        """The header's first value, "" where it is missing."""
        start = self.head.lower().find(b"\r\n" + name.lower().encode() + b":")
        if start < 0:
            return ""
        value = self.head[start + len(name) + 3 :].partition(b"\r\n")[0]
        return value.strip().decode("latin-1")


class _Exchange(asyncio.Protocol):
    """What arrives on one connection, put together to answers."""

    def __init__(self) -> None:
        self.buffer = b""
        self.waiting: asyncio.Future[Answer] | None = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(END_OF_HEAD)
        if end < 0 or self.waiting is None:
            return
        head = self.buffer[: end + 2]
        length = int(Answer(0, head, b"").header("Content-Length") or 0)
        end += len(END_OF_HEAD)
        if len(self.buffer) < end + length:
            return
        answer = Answer(int(head[9:12]), head, self.buffer[end : end + length])
        self.buffer = self.buffer[end + length :]
        waiting, self.waiting = self.waiting, None
        waiting.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(error or ConnectionResetError("closed by the server"))


class Connection:
    """Requests to one server. `headers` go with each of them, without the last line break."""

    def __init__(self, port: int, headers: str = "") -> None:
        self.port = port
        self.headers = f"Host: 127.0.0.1\r\n{headers}"
        self.reconnects = -1
        self._exchange: _Exchange | None = None
        self._transport: asyncio.Transport | None = None

    async def request(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Answer:
        """Send and wait for the answer. A connection that the server closed while idle is opened
        again, and the request sent again: all that is asked here may be asked twice."""
        head = f"{method} {path} HTTP/1.1\r\n{self.headers}{headers}"
        message = f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body
        try:
            return await self._send(message)
        except (ConnectionError, OSError):
            self.close()
            return await self._send(message)

    async def _send(self, message: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            self._transport, self._exchange = await loop.create_connection(
                _Exchange, "127.0.0.1", self.port
            )
            self.reconnects += 1
        assert self._exchange is not None
        self._exchange.waiting = loop.create_future()
        self._transport.write(message)
        return await self._exchange.waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._transport = None
