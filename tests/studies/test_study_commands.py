"""create_study, generate_advice, export_study, import_study from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from studies.models import Study
from tests.studies.study_cast import make_excerpts, make_study, rules_speak

pytestmark = pytest.mark.django_db

SPEC = """
preset = "advice-rated"
title = "From a file"

[items]
listed = [
  {{ excerpt = "{0}", error_db = {{ vocals = 6.0 }} }},
  {{ excerpt = "{1}", error_db = {{ drums = -6.0 }} }},
  {{ excerpt = "{2}" }},
]
extra = ["{3}"]

[[blocks]]
key = "advice"
type = "rated advice"
systems = ["zero", "equal_loudness"]

[[blocks.questions]]
key = "overall"
kind = "scale"
text = "How good is it?"

[order]
participants = 4
trials_per_person = 2
overlap = 1
repeats = 0

[gates.training]
trials = 0

[gates.attention]
trials = 1
"""


@pytest.fixture
def spec_file(db: None, tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(SPEC.format(*(one.key for one in make_excerpts(4))))
    return path


def run(*command: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    call_command(*command, "--json")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_a_study_from_a_file_to_a_draft_that_can_be_frozen(
    spec_file: Path, researcher: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made = run("create_study", str(spec_file), "--owner", "researcher", capsys=capsys)
    assert made["items"] == {"main": 3, "training": 0, "attention": 1}
    study = Study.objects.get(key=made["study"])
    assert study.latest.spec["gates"]["headphones"]["check"] == "huggins"
    with rules_speak():
        told = run("generate_advice", "From a file", capsys=capsys)
    assert (told["asked"], told["problems"]) == (6, [])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title =", "titel =", "titel: unknown key"),
        ('"zero"', '"wizard"', "no system 'wizard'"),
        ("participants = 4", "participants = 2", "6 comparisons x overlap 1 need 6 trials"),
        ("overlap = 1", "overlap = 0", "order.overlap = 0"),
        ("advice-rated", "advice-sung", "preset: no 'advice-sung'; known are"),
        ("[order]", "[order", "Expected"),
    ],
)
def test_a_fault_of_the_file_is_one_line_and_nothing_is_made(
    spec_file: Path, researcher: Any, old: str, new: str, says: str
) -> None:
    spec_file.write_text(spec_file.read_text().replace(old, new, 1))
    with pytest.raises(CommandError) as refused:
        call_command("create_study", str(spec_file), "--owner", "researcher")
    assert str(refused.value).startswith(f"{spec_file}: ")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not Study.objects.exists()


def test_a_file_or_an_account_that_does_not_exist_is_named(researcher: Any) -> None:
    with pytest.raises(CommandError, match=r"nowhere\.toml"):
        call_command("create_study", "nowhere.toml", "--owner", "researcher")
    with pytest.raises(CommandError, match="no account 'nobody'"):
        call_command("create_study", "nowhere.toml", "--owner", "nobody")


def test_a_refused_system_is_told_with_a_nonzero_exit(
    spec_file: Path, researcher: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    spec_file.write_text(spec_file.read_text().replace('"zero"', '"llm_agent"'))
    call_command("create_study", str(spec_file), "--owner", "researcher")
    with rules_speak(), pytest.raises(CommandError, match="no advice from llm_agent"):
        call_command("generate_advice", "From a file")
    said = capsys.readouterr().out
    assert "llm_agent needs an endpoint" in said
    assert "missing: item 1" in said


def test_generating_for_a_study_or_system_that_does_not_exist_is_one_line(db: None) -> None:
    with pytest.raises(CommandError, match="no study 'None'"):
        call_command("generate_advice", "None")
    make_study(songs=4)
    with pytest.raises(CommandError, match="--system random: the study has"):
        call_command("generate_advice", "A study", "--system", "random")


def test_a_study_is_frozen_paused_and_closed_by_command(
    spec_file: Path, researcher: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("create_study", str(spec_file), "--owner", "researcher")
    with pytest.raises(CommandError, match="item 1"):
        call_command("change_study", "From a file", "freeze")
    with rules_speak():
        call_command("generate_advice", "From a file")
    capsys.readouterr()
    frozen = run("change_study", "From a file", "freeze", capsys=capsys)
    assert (frozen["state"], len(frozen["protocol_hash"])) == ("open", 64)
    states = [
        run("change_study", "From a file", act, capsys=capsys)["state"]
        for act in ("pause", "resume", "close")
    ]
    assert states == ["paused", "open", "closed"]
    with pytest.raises(CommandError, match="it cannot be paused"):
        call_command("change_study", "From a file", "pause")
    with pytest.raises(CommandError, match="no account 'nobody'"):
        call_command("change_study", "From a file", "close", "--by", "nobody")
    acts = Study.objects.get().audit.order_by("pk").values_list("act", flat=True)
    assert list(acts)[-4:] == ["opened", "paused", "resumed", "closed"]


def test_a_study_goes_out_and_in_as_one_file(
    researcher: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = make_study(songs=2)
    out = tmp_path / "study.zip"
    told = run("export_study", study.key, "--out", str(out), capsys=capsys)
    assert (told["items"], told["excerpts"]) == (2, 2)
    made = run("import_study", str(out), "--owner", "researcher", capsys=capsys)
    assert Study.objects.get(key=made["study"]).owner == researcher
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_study", study.key, "--out", str(tmp_path / "no" / "out.zip"))
    out.write_bytes(b"")
    with pytest.raises(CommandError, match="no readable ZIP"):
        call_command("import_study", str(out), "--owner", "researcher")
