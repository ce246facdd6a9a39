"""All that a draft needs before it can be frozen: items, advice, sounds. For the worker and the
command line only: systems load torch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from annotate.background import Report
from studies.models import StudyVersion
from studies.services import freezing, study_advice, study_rendering

ADVICE_SHARE = 0.5


def prepare(
    version: StudyVersion, *, report: Report, now: datetime, systems: Sequence[str] | None = None
) -> dict[str, Any]:
    """Make what is missing; what was made, and what still keeps the draft from being frozen.

    Raises:
        Refused: the version is frozen, a system is not the study's, or audio is gone.
    """

    def first_half(progress: float, message: str = "") -> None:
        report(progress * ADVICE_SHARE, message)

    def second_half(progress: float, message: str = "") -> None:
        report(ADVICE_SHARE + progress * (1.0 - ADVICE_SHARE), message)

    generated = study_advice.generate_advice(version, systems, first_half, now)
    n_rendered = study_rendering.render(version, second_half)
    return {
        **generated.as_data(),
        "rendered": n_rendered,
        "problems": freezing.problems(version),
    }
