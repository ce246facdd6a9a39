"""A real OpenAI-compatible HTTP server on loopback that misbehaves as it is told.

Queue what it shall do, one behaviour per request; with an empty queue it fails the test loudly by
answering 500. What it was asked lies in `requests`.
"""

import json
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

Behaviour = Callable[[BaseHTTPRequestHandler], None]
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


def completion(text: str | None, **message: Any) -> dict[str, Any]:
    """A well-formed chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "test-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": USAGE,
    }


def says(text: str) -> Behaviour:
    """A good answer with this text."""
    return sends(json.dumps(completion(text)))


def states(values: object) -> Behaviour:
    """A good answer whose text is this JSON."""
    return says(json.dumps(values))


def refuses(reason: str) -> Behaviour:
    """An answer in which the model refuses."""
    return sends(json.dumps(completion(None, refusal=reason)))


def sends(body: str, status: int = 200, **headers: str) -> Behaviour:
    """Any body with any status; header names with underscores for dashes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        data = body.encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def fails(
    status: int, message: str = "no luck", code: str | None = None, **headers: str
) -> Behaviour:
    """An error as the API words it."""
    error = {"error": {"message": message, "type": "test", "code": code}}
    return sends(json.dumps(error), status, **headers)


def late(seconds: float, then: Behaviour) -> Behaviour:
    """Waits first."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        then(handler)

    return answer


def drops(handler: BaseHTTPRequestHandler) -> None:
    """Resets the connection without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def partly(body: str, n_sent: int) -> Behaviour:
    """Promises a body, sends the first bytes of it and hangs up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        data = body.encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[:n_sent])
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    return answer


class EndpointServer(ThreadingHTTPServer):
    """The server, what it shall do and what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.queue: deque[Behaviour] = deque()
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = Lock()
        self._default = fails(500, "nothing was queued")
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """The base address, as OPENAI_BASE_URL takes it."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def will(self, *behaviours: Behaviour) -> None:
        """Queue behaviours for the next requests."""
        self.queue.extend(behaviours)

    def always(self, behaviour: Behaviour) -> None:
        """What it does once the queue is empty."""
        self._default = behaviour

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up first is part of the tests."""

    @contextmanager
    def taking(self, body: dict[str, Any], key: str) -> Iterator[Behaviour]:
        """Note a request and hand out what to do about it."""
        with self._lock:
            self.requests.append(body)
            self.keys.append(key)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            behaviour = self.queue.popleft() if self.queue else self._default
        try:
            yield behaviour
        finally:
            with self._lock:
                self._at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: EndpointServer

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = json.loads(self.rfile.read(length))
        self.close_connection = True
        with self.server.taking(body, self.headers.get("Authorization", "")) as behaviour:
            if self.path != "/v1/chat/completions":
                behaviour = fails(404, f"no such path {self.path}")
            behaviour(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def running_endpoint() -> Iterator[EndpointServer]:
    """The server in a thread of its own, gone afterwards."""
    server = EndpointServer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
