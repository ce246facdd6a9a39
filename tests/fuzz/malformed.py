"""Requests that no browser sends, drawn from a seed: broken heads, and good ones with junk in."""

import random
from collections.abc import Callable

JUNK = (
    b"\x00",
    b"\xff\xfe",
    b"%00",
    b"%ff",
    b"%2e%2e%2f",
    b"../../etc/passwd",
    b"%",
    b"%u2028",
    b"\r\n",
    b"{{7*7}}",
    b"${7*7}",
    b"' OR 1=1--",
    b"<script>",
    b"\xed\xa0\x80",
    b"%ED%A0%80",
    b"-1",
    b"9" * 400,
    b"NaN",
    b"1e999",
    b"null",
    b"[]",
    b"{}",
    b"\xf0\x9f\x8e\xb6",
    b"a" * 3000,
)
METHODS = (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT")
USUAL = (b"GET",) * 6 + (b"POST",) * 4 + METHODS
ODD_METHODS = (b"", b"get", b"G\x00T", b"FOO", b"POST GET", b"A" * 300, b"\xff")
TYPES = (
    b"application/json",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x",
    b"multipart/form-data",
    b"text/plain; charset=\xff",
    b"application/json; charset=nonsense",
    b"",
    b"/",
)
PARAMETERS = (
    b"page",
    b"version",
    b"group",
    b"part",
    b"search",
    b"genre",
    b"start_s",
    b"duration_s",
    b"vocals",
    b"drums",
    b"job",
    b"pass",
    b"PROLIFIC_PID",
    b"preview",
    b"language",
    b"next",
    b"of",
    b"item",
    b"song",
    b"campaign",
    b"format",
    b"username",
    b"answers",
    b"count",
    b"what",
    b"include",
    b"theirs",
    b"sure",
)
HEADERS = (
    b"Cookie",
    b"Accept",
    b"Accept-Language",
    b"Accept-Encoding",
    b"Range",
    b"If-Modified-Since",
    b"If-None-Match",
    b"X-Forwarded-For",
    b"X-Forwarded-Host",
    b"X-Forwarded-Proto",
    b"X-Request-ID",
    b"HX-Request",
    b"HX-Current-URL",
    b"HX-Boosted",
    b"Authorization",
    b"Referer",
    b"Origin",
    b"Content-Language",
    b"Expect",
    b"Upgrade",
    b"X-HTTP-Method-Override",
)


class Malformed:
    """`addresses` are real ones, as bytes; `cookie` is a session of somebody signed in."""

    def __init__(self, addresses: list[bytes], cookie: bytes, seed: int) -> None:
        self.addresses, self.cookie = addresses, cookie
        self.random = random.Random(seed)

    def draw(self) -> bytes:
        makers: tuple[Callable[[], bytes], ...] = (
            self.junk_in_a_good_head,
            self.junk_in_a_good_head,
            self.junk_in_a_good_head,
            self.broken_line,
            self.broken_headers,
            self.wrong_length,
            self.noise,
        )
        return self.random.choice(makers)()

    def pick(self, values: tuple[bytes, ...]) -> bytes:
        return self.random.choice(values)

    def junk(self) -> bytes:
        if self.random.random() < 0.2:
            return self.random.randbytes(self.random.randint(1, 60))
        return self.pick(JUNK)

    def address(self) -> bytes:
        """A real one, or one with a part of it replaced."""
        found = self.random.choice(self.addresses)
        if self.random.random() < 0.5:
            parts = found.split(b"/")
            parts[self.random.randrange(len(parts))] = self.junk()
            found = b"/" + b"/".join(parts).lstrip(b"/")
        return b"".join(found.split()) or b"/"

    def query(self) -> bytes:
        pairs = (
            self.pick(PARAMETERS) + b"=" + b"".join(self.junk().split())
            for _ in range(self.random.randint(1, 4))
        )
        return b"?" + b"&".join(pairs)

    def body(self) -> bytes:
        if self.random.random() < 0.3:
            return b"[" * self.random.choice((10, 100_000)) + self.junk()
        part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + self.junk()
        pairs = b"&".join(self.pick(PARAMETERS) + b"=" + self.junk() for _ in range(3))
        return self.pick(
            (part, part + b'"\r\n\r\nRIFF\r\n--x--\r\n', pairs, b'{"a":' + self.junk(), b"")
        )

    def one_line(self, value: bytes) -> bytes:
        return value.replace(b"\r", b"").replace(b"\n", b"")

    def junk_in_a_good_head(self) -> bytes:
        body = self.body() if self.random.random() < 0.5 else b""
        lines = [
            self.pick(USUAL) + b" " + self.address() + self.query() + b" HTTP/1.1",
            b"Host: 127.0.0.1",
            b"Connection: close",
            b"Content-Type: " + self.pick(TYPES),
            b"Content-Length: " + str(len(body)).encode(),
        ]
        if self.random.random() < 0.6:
            lines.append(b"Cookie: " + self.cookie)
        for _ in range(self.random.randint(0, 3)):
            lines.append(self.pick(HEADERS) + b": " + self.one_line(self.junk()))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def broken_line(self) -> bytes:
        version = self.pick((b"HTTP/1.1", b"HTTP/9.9", b"HTTP/", b"", b"HTTP/1.1\x00", b"SPDY/3"))
        line = (
            self.pick((*METHODS, *ODD_METHODS))
            + b" "
            + self.address()
            + self.junk()
            + b" "
            + version
        )
        return line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"

    def broken_headers(self) -> bytes:
        lines = [b"GET " + self.address() + b" HTTP/1.1", b"Connection: close"]
        kind = self.random.randrange(6)
        if kind == 0:
            lines += [b"Host: " + self.junk()]
        elif kind == 1:
            lines += [b"Host: 127.0.0.1"] + [b"X-%d: y" % n for n in range(400)]
        elif kind == 2:
            lines += [b"Host: 127.0.0.1", b"X: " + b"y" * self.random.choice((9000, 200_000))]
        elif kind == 3:
            lines += [b"Host: 127.0.0.1", self.junk(), b" folded: line", b": no name"]
        elif kind == 4:
            lines += [b"Host: 127.0.0.1", b"Host: evil.example", b"Host: \x00"]
        else:
            lines += [b"Host: 127.0.0.1", self.pick(HEADERS) + b"\x00: " + self.junk()]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def wrong_length(self) -> bytes:
        length = self.pick(
            (
                b"Content-Length: -1",
                b"Content-Length: 1e3",
                b"Content-Length: 99999999999999999999",
                b"Content-Length: 50",
                b"Content-Length: 5\r\nContent-Length: 6",
                b"Content-Length: ",
                b"Transfer-Encoding: chunked",
                b"Transfer-Encoding: chunked, identity",
                b"Transfer-Encoding: chunked\r\nContent-Length: 3",
                b"Transfer-Encoding: \x0bchunked",
            )
        )
        chunks = self.pick(
            (b"5\r\nab", b"zz\r\n", b"-1\r\n\r\n", b"ffffffffffffffff\r\n", b"0\r\n\r\n", b"abc")
        )
        head = b"POST " + self.address() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        return head + length + b"\r\n\r\n" + chunks

    def noise(self) -> bytes:
        tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        noise = self.random.randbytes(self.random.randint(0, 2000))
        return self.pick(
            (
                tls + noise,
                noise,
                b"\r\n" * 50,
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                b"G",
                noise + b"\r\n\r\n",
            )
        )
