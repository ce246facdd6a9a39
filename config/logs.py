"""JSON lines with a request id; never a token, a name or an address."""

import json
import logging
import re
from datetime import UTC, datetime

from annotate.request_ids import request_id

# A link of an annotator, participant or expert is a key to somebody's work: paths are logged
# without it. What stands behind a question mark may name a person of a crowd platform.
TOKEN_IN_PATH = re.compile(r"(/[ase]/)[A-Za-z0-9_-]{20,}")
QUERY_OF_PATH = re.compile(r"(/[\w./\[\]-]*)\?[^\s\"'<>]+")


def without_tokens(line: str) -> str:
    """
    >>> without_tokens("Not Found: /s/join/abc/?PROLIFIC_PID=ada&SESSION_ID=1")
    'Not Found: /s/join/abc/?[query]'
    """
    return QUERY_OF_PATH.sub(r"\1?[query]", TOKEN_IN_PATH.sub(r"\1[token]", line))


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
