"""The id of the request in hand, in every log line and on every act that is written down."""

from contextvars import ContextVar

NONE = "-"
request_id: ContextVar[str] = ContextVar("request_id", default=NONE)


def current() -> str:
    """ "" outside of a request: in a command or in the worker."""
    found = request_id.get()
    return "" if found == NONE else found
