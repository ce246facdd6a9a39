"""The endpoint as the environment names it, so that no key stands in a file of the project."""

from collections.abc import Mapping
from typing import cast, get_args

from modeling.endpoint.request import Connection, EndpointError, Prices, StructuredMode

OPENAI_URL = "https://api.openai.com/v1"
DEFAULT_BUDGET_USD = 5.0


def connection_from(environ: Mapping[str, str]) -> Connection | None:
    """The connection that OPENAI_* variables describe; None where neither key nor address is set.

    OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL; OPENAI_INPUT_USD_PER_MILLION and
    OPENAI_OUTPUT_USD_PER_MILLION (0 for a server of one's own); OPENAI_STRUCTURED (json_schema,
    json_object or none); OPENAI_TAKES_AUDIO (1 or 0).

    Raises:
        EndpointError: the model or a price is missing, or a value does not fit.
    """
    key, url = environ.get("OPENAI_API_KEY", ""), environ.get("OPENAI_BASE_URL", "")
    if not key and not url:
        return None
    structured = environ.get("OPENAI_STRUCTURED", "json_schema")
    if structured not in get_args(StructuredMode):
        known = ", ".join(get_args(StructuredMode))
        raise EndpointError(f"OPENAI_STRUCTURED is {structured!r}; use one of {known}")
    audio = environ.get("OPENAI_TAKES_AUDIO", "0")
    if audio not in ("0", "1"):
        raise EndpointError(f"OPENAI_TAKES_AUDIO is {audio!r}; use 1 or 0")
    if not environ.get("OPENAI_MODEL"):
        raise EndpointError("OPENAI_MODEL is not set; name a model that the endpoint serves")
    return Connection(
        base_url=url or OPENAI_URL,
        model=environ["OPENAI_MODEL"],
        prices=Prices(
            _usd(environ, "OPENAI_INPUT_USD_PER_MILLION"),
            _usd(environ, "OPENAI_OUTPUT_USD_PER_MILLION"),
        ),
        api_key=key,
        structured=cast(StructuredMode, structured),
        takes_audio=audio == "1",
    )


def budget_usd_from(environ: Mapping[str, str]) -> float:
    """OPENAI_BUDGET_USD, else 5 USD. Raises EndpointError for no number of 0 or more."""
    return _usd({"OPENAI_BUDGET_USD": str(DEFAULT_BUDGET_USD), **environ}, "OPENAI_BUDGET_USD")


def _usd(environ: Mapping[str, str], name: str) -> float:
    text = environ.get(name, "")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise EndpointError(f"{name} is {text!r}; set it to USD, 0 or more")
    return value
