"""The page about specs says what the schema says, and its example can be run."""

import re
import tomllib

import pytest

from studies.design.documenting import spec_table
from studies.design.schema import spec_fields
from studies.design.words import WORDS
from studies.protocol.reading import preset_names, read_spec
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "study-spec.md"


def test_the_table_of_the_page_is_that_of_the_schema() -> None:
    assert spec_table() in PAGE.read_text(encoding="utf-8")


def test_every_field_of_the_schema_has_words_and_no_words_are_left_over() -> None:
    assert set(WORDS) == set(spec_fields())


def test_the_example_is_a_spec() -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert example
    spec = read_spec(tomllib.loads(example.group(1)))
    assert spec.blocks[0].type == "pairwise advice"


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")
