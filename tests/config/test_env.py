"""Settings from the environment: typed, and wrong ones are one line that names them."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import databases, env


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch):
    return lambda value: monkeypatch.setenv("A_SETTING", value)


def test_text_is_what_is_set_or_the_default(setting) -> None:
    assert env.text("A_SETTING", "default") == "default"
    setting("value")
    assert env.text("A_SETTING") == "value"


@pytest.mark.parametrize("value", [None, ""])
def test_what_must_be_set_is_asked_for_by_name(setting, value: str | None) -> None:
    if value is not None:
        setting(value)
    with pytest.raises(ImproperlyConfigured, match="A_SETTING is not set"):
        env.text("A_SETTING")


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("1", True), ("TRUE", True), ("on", True), ("0", False), ("No", False), ("off", False)],
)
def test_a_flag_is_yes_or_no(setting, value: str, meaning: bool) -> None:
    setting(value)
    assert env.flag("A_SETTING", not meaning) is meaning


@pytest.mark.parametrize("value", ["2", "maybe", " "])
def test_a_flag_that_is_neither_is_refused(setting, value: str) -> None:
    setting(value)
    with pytest.raises(ImproperlyConfigured, match=r"A_SETTING=.* neither yes nor no"):
        env.flag("A_SETTING", True)


@pytest.mark.parametrize("value", ["ten", "1.5", "9" * 5000])
def test_a_whole_number_is_one(setting, value: str) -> None:
    setting(value)
    with pytest.raises(ImproperlyConfigured, match=r"A_SETTING=.* is not a whole number"):
        env.integer("A_SETTING", 1)


def test_a_whole_number_has_a_lower_bound(setting) -> None:
    setting("9")
    assert env.integer("A_SETTING", 60) == 9
    with pytest.raises(ImproperlyConfigured, match="A_SETTING=9 is below 10"):
        env.integer("A_SETTING", 60, low=10)


def test_a_list_has_no_empty_entries_and_is_not_empty_where_it_is_needed(setting) -> None:
    setting(" a.example , ,b.example,")
    assert env.names("A_SETTING") == ["a.example", "b.example"]
    setting(" , ")
    with pytest.raises(ImproperlyConfigured, match="A_SETTING names nothing"):
        env.names("A_SETTING")
    assert env.names("A_SETTING", "") == []


@pytest.mark.parametrize(
    "url", ["mysql://a@b/c", "nonsense", "postgres://a@b:port/c", "http://a.example/"]
)
def test_a_database_that_we_do_not_know_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as fault:
        databases.parse(url)
    assert "\n" not in str(fault.value)


def test_sqlite_writes_ahead_waits_and_begins_at_once() -> None:
    options = databases.parse("sqlite:///some/file.sqlite3")["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        assert pragma in options["init_command"]
