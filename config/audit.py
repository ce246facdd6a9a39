"""Everything that was written down on this site, of studies and beside them, as one list."""

import csv
import json
from collections.abc import Iterator
from typing import IO, Any

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Concat

from analysis.cells import safe_text
from annotate.models import Act
from studies.models import AuditLine

Lines = QuerySet[Any, dict[str, Any]]
COLUMNS = ("at", "act", "about", "by", "detail", "request_id")


def lines() -> Lines:
    """The latest first. A line of a study is about it."""
    who = F("by__username")
    of_site = Act.objects.order_by().annotate(who=who, what=F("about"))
    study = Concat(Value("study "), F("study__key"), output_field=CharField())
    of_studies = AuditLine.objects.order_by().annotate(who=who, what=study)
    wanted = ("at", "act", "what", "who", "detail", "request_id")
    both: Lines = of_site.values(*wanted).union(of_studies.values(*wanted), all=True)
    return both.order_by("-at")


def write_csv(file: IO[str]) -> int:
    """All of it, the latest first; how many lines."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    n_lines = 0
    for row in _rows():
        writer.writerow([safe_text(cell) for cell in row])
        n_lines += 1
    return n_lines


def _rows() -> Iterator[list[str]]:
    for line in lines().iterator(chunk_size=500):
        detail = line["detail"]
        told = detail if isinstance(detail, str) else json.dumps(detail, sort_keys=True)
        at = line["at"].isoformat()
        yield [at, line["act"], line["what"], line["who"] or "", told, line["request_id"]]
