"""The tables of an export, and the codebook that says what each column is. A test keeps them
together."""

import csv
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TextIO

from analysis.vectors import STEMS
from annotate.exports import safe_cell
from studies.exports import sections
from studies.exports.answer_rows import answer_rows
from studies.exports.codebook import CODEBOOK
from studies.exports.scope import Scope, rater_id, trial_id
from studies.exports.whole import about
from studies.models import TrialEvents

Row = dict[str, Any]
_EMPTY = dict.fromkeys(STEMS)


class Table(NamedTuple):
    name: str
    rows: Callable[[Scope], Iterator[Row]]

    @property
    def columns(self) -> list[str]:
        return list(CODEBOOK[self.name])


def write_table(table: Table, scope: Scope, file: TextIO, tick: Callable[[], None]) -> int:
    """The table as CSV (RFC 4180) with a header; how many rows it has. `tick` hears of each."""
    writer = csv.writer(file)
    columns = table.columns
    writer.writerow(columns)
    n_rows = 0
    for row in table.rows(scope):
        writer.writerow([safe_cell(row[column]) for column in columns])
        n_rows += 1
        tick()
    return n_rows


def trial_rows(scope: Scope) -> Iterator[Row]:
    for row in sections.trials(scope):
        listened = row["listened_s"]
        yield row | {
            "sides": " ".join(f"{letter}={one}" for letter, one in row["sides"].items()),
            "listened_s": " ".join(f"{name}={s:g}" for name, s in sorted(listened.items())),
            "listened_total_s": round(sum(listened.values()), 3),
        }


def rater_rows(scope: Scope) -> Iterator[Row]:
    for row in sections.raters(scope):
        headphones = row["gates"].get("headphones", {})
        attention = row["gates"].get("attention", {})
        judge = row["judge"] or {}
        answers = row["questionnaire"]
        yield row | {
            "verdict": row["review"]["verdict"],
            "verdict_reason": row["review"]["reason"],
            "headphones_passed": headphones.get("passed"),
            "attention_passed": attention.get("passed"),
            "attention_of": attention.get("of"),
            "questionnaire": "; ".join(f"{key}: {answers[key]}" for key in sorted(answers)),
            "judge": judge.get("name"),
            "judge_model": judge.get("model"),
            "judge_given": judge.get("given"),
            "manner": (row["simulated"] or {}).get("manner"),
        }


def item_rows(scope: Scope) -> Iterator[Row]:
    for row in sections.items(scope):
        yield row | {
            f"{name}_{stem}_db": (row[f"{name}_db"] or _EMPTY)[stem]
            for name in ("problem", "error", "reference")
            for stem in STEMS
        }


def stimulus_rows(scope: Scope) -> Iterator[Row]:
    for item in sections.items(scope):
        for row in item["stimuli"]:
            balance = row["balance_db"] or _EMPTY
            balances = {f"balance_{stem}_db": balance[stem] for stem in STEMS}
            yield row | {"item": item["item"]} | balances


def event_rows(scope: Scope) -> Iterator[Row]:
    """How often each kind of event was recorded on a trial's page."""
    batches: Any = (
        TrialEvents.objects.filter(scope.answers("trial__rater__"))
        .order_by("trial__rater__number", "trial__position", "pk")
        .values_list("trial__rater__number", "trial__position", "events")
        .iterator(chunk_size=500)
    )
    for (rater, position), own in groupby(batches, key=itemgetter(0, 1)):
        counts: dict[str, int] = {}
        for *_, events in own:
            for event in events:
                kind = str(event.get("kind", "")) if isinstance(event, dict) else ""
                counts[kind] = counts.get(kind, 0) + 1
        for kind in sorted(counts):
            yield {
                "trial": trial_id(rater, position),
                "rater": rater_id(rater),
                "event": kind,
                "n": counts[kind],
            }


def system_rows(scope: Scope) -> Iterator[Row]:
    yield from sections.systems(scope)


def about_rows(scope: Scope) -> Iterator[Row]:
    """What every table of the folder belongs to."""
    told = about(scope) | {"exported_at": sections.iso(scope.now)}
    for key, value in told.items():
        yield {"field": key, "value": " ".join(value) if isinstance(value, list) else value}


def codebook_rows(scope: Scope) -> Iterator[Row]:
    for table, columns in CODEBOOK.items():
        for column, meaning in columns.items():
            yield {"table": table, "column": column, "meaning": meaning}


TABLES = (
    Table("about", about_rows),
    Table("answers", answer_rows),
    Table("trials", trial_rows),
    Table("raters", rater_rows),
    Table("items", item_rows),
    Table("stimuli", stimulus_rows),
    Table("systems", system_rows),
    Table("events", event_rows),
    Table("codebook", codebook_rows),
)
