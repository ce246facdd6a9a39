"""The endpoint as the environment names it."""

import pytest

from modeling.endpoint.environment import budget_usd_from, connection_from
from modeling.endpoint.request import EndpointError

FULL = {
    "OPENAI_API_KEY": "sk-1",
    "OPENAI_MODEL": "m",
    "OPENAI_INPUT_USD_PER_MILLION": "0.5",
    "OPENAI_OUTPUT_USD_PER_MILLION": "2",
}


def test_key_model_and_prices_make_a_connection() -> None:
    connection = connection_from(FULL)
    assert connection is not None
    assert connection.base_url == "https://api.openai.com/v1"
    assert connection.prices.cost_usd(1e6, 1e6) == 2.5
    assert not connection.takes_audio


def test_a_server_of_ones_own_needs_no_key() -> None:
    values = {**FULL, "OPENAI_API_KEY": "", "OPENAI_BASE_URL": "http://127.0.0.1:8/v1"}
    connection = connection_from({**values, "OPENAI_TAKES_AUDIO": "1"})
    assert connection is not None
    assert connection.shown == "http://127.0.0.1:8/v1"
    assert connection.takes_audio


def test_without_key_and_address_there_is_no_endpoint() -> None:
    assert connection_from({}) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"OPENAI_MODEL": ""}, "OPENAI_MODEL is not set"),
        ({"OPENAI_INPUT_USD_PER_MILLION": ""}, "OPENAI_INPUT_USD_PER_MILLION is ''; set it to USD"),
        ({"OPENAI_OUTPUT_USD_PER_MILLION": "-1"}, "is '-1'; set it to USD, 0 or more"),
        ({"OPENAI_STRUCTURED": "xml"}, "OPENAI_STRUCTURED is 'xml'; use one of json_schema"),
        ({"OPENAI_TAKES_AUDIO": "yes"}, "OPENAI_TAKES_AUDIO is 'yes'; use 1 or 0"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, str], message: str) -> None:
    with pytest.raises(EndpointError, match=message):
        connection_from({**FULL, **changes})


def test_the_budget_has_a_default_and_no_bad_value() -> None:
    assert budget_usd_from({}) == 5.0
    assert budget_usd_from({"OPENAI_BUDGET_USD": "0.25"}) == 0.25
    with pytest.raises(EndpointError, match="OPENAI_BUDGET_USD is 'much'"):
        budget_usd_from({"OPENAI_BUDGET_USD": "much"})
