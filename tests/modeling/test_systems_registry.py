"""The registry: a file is a system, and nothing odd gets in."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from modeling.systems import entries
from modeling.systems.interface import SystemFailedError
from modeling.systems.registry import advise, discover, system, systems
from tests.conftest import ROOT
from tests.modeling.systems_scene import scene

ENTRY = """
from modeling.advice.compose import spoken
from modeling.advice.structure import Answer
from modeling.systems.interface import Card

class Entry(Card):
    def advise(self, heard, options):
        return spoken(Answer(), heard.mask, self.speaker(options))

SYSTEM = Entry({name!r}, "Title", frozenset({hears!r}), evaluation_only={evaluation_only})
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An empty package of entries that can be filled."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "made_up_entries"]:
        del sys.modules[name]
    (tmp_path / "made_up_entries").mkdir()
    found = ModuleType("made_up_entries")
    found.__path__ = [str(tmp_path / "made_up_entries")]
    monkeypatch.setitem(sys.modules, "made_up_entries", found)
    return found


def _add(
    package: ModuleType,
    file: str,
    name: str,
    hears: tuple[str, ...] = ("mix",),
    evaluation_only: bool = False,
) -> None:
    text = ENTRY.format(name=name, hears=list(hears), evaluation_only=evaluation_only)
    (Path(package.__path__[0]) / f"{file}.py").write_text(text)


def test_every_row_of_a_results_table_is_a_system() -> None:
    rows = "zero random equal_loudness template template_shrinkage ridge neighbours baseline"
    expected = {*rows.split(), "differential", "oracle", "llm_agent"}
    assert expected <= set(systems())
    assert list(systems()) == sorted(systems())


def test_one_file_is_one_more_system(package: ModuleType) -> None:
    _add(package, "b_file", "second")
    _add(package, "a_file", "third")
    assert list(discover(package)) == ["second", "third"]


@pytest.mark.parametrize(
    ("name", "hears", "message"),
    [
        ("Bad Name", ("mix",), "name 'Bad Name'; use a-z"),
        ("fine", ("thoughts",), "hears thoughts, which is unknown"),
        ("fine", ("answer",), "hears the answer; set evaluation_only"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused(
    package: ModuleType, name: str, hears: tuple[str, ...], message: str
) -> None:
    _add(package, "entry", name, hears)
    with pytest.raises(SystemFailedError, match=f"made_up_entries.entry: {message}"):
        discover(package)


def test_a_name_that_is_taken_and_a_file_without_a_system_are_refused(package: ModuleType) -> None:
    _add(package, "one", "same")
    _add(package, "two", "same")
    with pytest.raises(SystemFailedError, match="two: the name 'same' is taken"):
        discover(package)
    (Path(package.__path__[0]) / "one.py").write_text("")
    sys.modules.pop("made_up_entries.one")
    with pytest.raises(SystemFailedError, match="one has no SYSTEM"):
        discover(package)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SystemFailedError, match="'nobody' is unknown; use one of baseline, diff"):
        system("nobody")


def test_only_the_oracle_knows_the_answer_and_only_in_an_evaluation() -> None:
    knowing = [name for name, asked in systems().items() if "answer" in asked.hears]
    assert knowing == ["oracle"]
    with pytest.raises(SystemFailedError, match="oracle knows the answer; it is for evaluations"):
        advise("oracle", scene())


def test_looking_at_the_registry_loads_neither_torch_nor_the_endpoint_package() -> None:
    code = (
        "import sys; from modeling.systems.registry import systems; assert systems(); "
        "print(sorted({'torch', 'openai', 'django', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_entry_is_documented() -> None:
    text = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
    missing = [name for name in discover(entries) if f"| `{name}` |" not in text]
    assert missing == []
