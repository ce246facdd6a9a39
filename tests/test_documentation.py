"""What a user can type, set or read in a table is documented; the pages' links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from annotate.exports import CODEBOOK, CONSENSUS_CODEBOOK
from tests.conftest import ROOT

OWN_APPS = ("config", "annotate", "studies", "modeling", "analysis")
COMMANDS = sorted(name for name, app in get_commands().items() if app in OWN_APPS)
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert f"`{command}" in page("commands.md")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_documented_option_of_a_command_exists(command: str) -> None:
    app = get_commands()[command]
    parser = load_command_class(str(app), command).create_parser("manage.py", command)
    known = {option for action in parser._actions for option in action.option_strings}
    line = next(line for line in page("commands.md").splitlines() if f"`{command}" in line)
    assert set(re.findall(r"--[a-z-]+", line)) <= known


def _commands_of(file: Path) -> list[list[str]]:
    """What stands in a page's shell blocks as `python manage.py ...`, as words."""
    blocks = re.findall(r"```sh\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[2:] for line in lines if line.startswith("python manage.py ")]


def test_commands_in_shell_blocks_can_be_typed_as_they_stand() -> None:
    found = [command for file in PAGES for command in _commands_of(file)]
    assert len(found) > 8
    for name, *words in found:
        parser = load_command_class(str(get_commands()[name]), name).create_parser("", name)
        parser.parse_args(words)


def test_every_setting_is_documented() -> None:
    pattern = re.compile(r"env\.(?:text|flag|integer|names)\(\s*\"([A-Z_]+)\"")
    used = {
        name
        for file in (ROOT / "config").rglob("*.py")
        for name in pattern.findall(file.read_text(encoding="utf-8"))
    }
    assert len(used) > 8
    undocumented = sorted(name for name in used if f"`{name}`" not in page("settings.md"))
    assert undocumented == []


@pytest.mark.parametrize("book", [CODEBOOK, CONSENSUS_CODEBOOK])
def test_every_export_column_is_in_the_codebook_page(book: dict[str, str]) -> None:
    text = page("codebook.md")
    rows = {column: f"| `{column}` | {meaning} |" for column, meaning in book.items()}
    missing = [column for column, row in rows.items() if row not in text]
    assert missing == []


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_links_between_pages_lead_to_files_that_are_there(file: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", file.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    broken = [link for link in local if not (file.parent / link).exists()]
    assert broken == []
