"""Whatever is given as a spec is read, or refused with one line that is not too long."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.protocol.hashing import content_hash
from studies.protocol.reading import SpecError, preset_names, read_spec

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["en", "advice", "zero", "<script>", "\x00", "é"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["key", "en", "type"]), below, max_size=3
        )
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in plain data."""
    found = [path]
    if isinstance(value, dict):
        for key, below in value.items():
            found += places(below, (*path, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            found += places(below, (*path, number))
    return found


def refusal(data: Any) -> str:
    """ "" where it is read."""
    try:
        spec = read_spec(data)
    except SpecError as error:
        return str(error)
    assert read_spec(spec.as_data()) == spec
    assert len(content_hash(spec.as_data())) == 64
    return ""


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(preset_names()), st.data())
def test_a_spec_with_anything_anywhere_is_read_or_refused_in_one_line(
    name: str, data: st.DataObject
) -> None:
    whole = copy.deepcopy(read_spec({"preset": name}).as_data())
    *way, last = data.draw(st.sampled_from([one for one in places(whole) if one]))
    below = whole
    for part in way:
        below = below[part]
    below[last] = data.draw(JUNK)
    assert len(refusal(whole).splitlines()) <= 1


@settings(max_examples=100, deadline=None)
@given(JUNK)
def test_junk_is_refused_in_one_short_line(junk: Any) -> None:
    told = refusal(junk)
    assert told
    assert len(told.splitlines()) == 1
    assert len(told) < 400


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(preset_names()), st.text(min_size=1, max_size=12))
def test_an_unknown_key_is_named(name: str, key: str) -> None:
    if key.strip() and key not in read_spec({"preset": name}).as_data():
        told = refusal({"preset": name, key: 1})
        assert "unknown key; take it out" in told


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf"), "nul \x00 inside"])
@pytest.mark.parametrize("name", preset_names())
def test_what_no_database_keeps_is_refused_wherever_it_stands(name: str, odd: object) -> None:
    """SQLite takes no NaN in JSON, PostgreSQL no NUL."""
    good = read_spec({"preset": name}).as_data()
    for *way, last in [one for one in places(good) if one]:
        whole = copy.deepcopy(good)
        below = whole
        for part in way:
            below = below[part]
        below[last] = odd
        assert len(refusal(whole).splitlines()) == 1, (way, last)


def test_a_spec_that_never_ends_is_refused() -> None:
    deep: list[object] = []
    for _ in range(2000):
        deep = [deep]
    assert "nested" in refusal({"preset": preset_names()[0], "title": deep})


@pytest.mark.parametrize("name", ["\r", "two\nlines", "\u2028", "x" * 5000])
@pytest.mark.parametrize("value", ["\x00", 1])
def test_a_field_of_any_name_is_refused_in_one_line(name: str, value: object) -> None:
    told = refusal({"preset": preset_names()[0], "order": {name: value}})
    assert len(told.splitlines()) == 1
    assert len(told) < 300
