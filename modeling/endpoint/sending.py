"""One exchange over the wire through the `openai` package, and what its failures mean."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from modeling.endpoint.request import Connection, one_line
from modeling.endpoint.waiting import RETRIED_STATUSES, retry_after_s

if TYPE_CHECKING:
    import openai

_NO_KEY = "none"
_LONGEST_RAW = 20_000


class Failure(Exception):  # noqa: N818 - part of the normal way, caught by the client
    """An attempt without an answer: whether asking again may help, and whether it may have cost."""

    def __init__(
        self,
        message: str,
        *,
        again: bool,
        charged: bool,
        retry_after_s: float | None = None,
        raw: str = "",
        key_refused: bool = False,
    ) -> None:
        super().__init__(message)
        self.key_refused = key_refused
        self.again, self.charged = again, charged
        self.retry_after_s, self.raw = retry_after_s, raw


class Sender:
    """Sends one body and gives the raw answer. The package is loaded with the first request."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client: openai.OpenAI | None = None

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()

    def send(self, body: dict[str, Any], now: datetime) -> str:
        """The raw body of a successful answer. Raises Failure for everything else."""
        import openai

        try:
            response = self._opened().chat.completions.with_raw_response.create(**body)
            return str(response.text)
        except openai.APITimeoutError as error:
            seconds = self._connection.timeout_s
            raise Failure(
                f"no answer within {seconds:g} s; try later or allow more time",
                again=True,
                charged=_was_sent(error),
            ) from error
        except openai.APIConnectionError as error:
            raise Failure(
                f"the connection failed ({one_line(str(error.__cause__ or error), [self._key])}); "
                "check the address and that the endpoint runs",
                again=True,
                charged=_was_sent(error),
            ) from error
        except openai.APIStatusError as error:
            raise self._refused(error, now) from error
        except openai.OpenAIError as error:
            said = one_line(str(error), [self._key])
            raise Failure(
                f"the request failed ({said}); check the settings", again=False, charged=False
            ) from error

    @property
    def _key(self) -> str:
        return self._connection.api_key

    def _opened(self) -> "openai.OpenAI":
        import openai

        if self._client is None:
            self._client = openai.OpenAI(
                api_key=self._key or _NO_KEY,
                base_url=self._connection.base_url,
                timeout=self._connection.timeout_s,
                max_retries=0,  # waiting, money and records are counted by the client
            )
        return self._client

    def _refused(self, error: "openai.APIStatusError", now: datetime) -> Failure:
        status = error.status_code
        is_empty = error.code == "insufficient_quota"
        raw = error.response.text[:_LONGEST_RAW]
        said = one_line(str(error.message), [self._key]).removeprefix(f"Error code: {status} - ")
        advice = "the account is out of credit, top it up" if is_empty else _advice(status)
        return Failure(
            f"it answered {status} ({said}); {advice}",
            again=status in RETRIED_STATUSES and not is_empty,
            charged=False,
            retry_after_s=retry_after_s(error.response.headers, now),
            raw=raw.replace(self._key, "…") if self._key else raw,
            key_refused=status in (401, 403) or is_empty,
        )


def _advice(status: int) -> str:
    if status in (401, 403):
        return "check the key in OPENAI_API_KEY"
    if status == 404:
        return "check the address and the model's name"
    if status == 413:
        return "send less audio"
    if status == 429:
        return "ask less at once or later"
    if status in RETRIED_STATUSES:
        return "try later"
    return "check that the model takes structured answers, audio and these settings"


def _was_sent(error: Exception) -> bool:
    """Whether the endpoint may have got the request, and so may charge for it."""
    import httpx2

    return not isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
