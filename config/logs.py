"""JSON lines with a request id; never a token, a name or an address."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="-")

# An invite token is a key to somebody's work: paths are logged without it.
TOKEN_IN_PATH = re.compile(r"(/[as]/)[A-Za-z0-9_-]{20,}")


def without_tokens(line: str) -> str:
    return TOKEN_IN_PATH.sub(r"\1[token]", line)


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # Django writes its line about a refusal after all middleware has ended, with the request.
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", request_id.get())
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": without_tokens(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = without_tokens(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
