"""Who is who, in one table of its own: personal data, kept apart from everything else."""

from collections.abc import Iterator
from typing import Any

from studies.exports import sections
from studies.exports.codebook import CODEBOOK
from studies.exports.scope import Scope, rater_id
from studies.exports.tables import Table
from studies.models import Rater

_CODES = {
    Rater.State.COMPLETE: "complete_code",
    Rater.State.SCREENED_OUT: "screened_out_code",
    Rater.State.ATTENTION_FAILED: "attention_failed_code",
}


def who_rows(scope: Scope) -> Iterator[dict[str, Any]]:
    """Raters as the platform knows them; systems by name where the export is unblinded."""
    hashes = {
        "protocol_hash": scope.version.protocol_hash,
        "plan_hash": scope.version.plan_hash,
    }
    empty = dict.fromkeys(CODEBOOK["who-is-who"]) | hashes
    crowd = scope.version.spec.get("crowd", {})
    rows = Rater.objects.filter(scope.raters()).order_by("number")
    rows = rows.select_related("personal").prefetch_related("reviews")
    for rater in rows.iterator(chunk_size=500):
        personal = getattr(rater, "personal", None)
        verdicts = list(rater.reviews.all())
        yield empty | {
            "what": "rater",
            "id": rater_id(rater.number),
            "key": rater.key,
            "kind": rater.kind,
            "run": rater.run,
            "state": rater.state,
            "verdict": verdicts[-1].verdict if verdicts else None,
            "person": personal.person if personal else None,
            "session": personal.session if personal else None,
            "code": crowd.get(_CODES.get(Rater.State(rater.state), ""), None),
        }
    if scope.is_blinded:
        return
    for row in sections.systems(scope):
        known = {key: row[key] for key in ("name", "version", "kind")}
        yield empty | known | {"what": "system", "id": row["system"]}


WHO = Table("who-is-who", who_rows)
