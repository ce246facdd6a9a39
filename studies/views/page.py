"""What the advise page shows of one set of stems, for uploads and the library alike."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.models import Excerpt
from modeling.audio import AudioError
from modeling.child import ROOT
from studies.models import Advice, System, Upload
from studies.plots import common_scale, move_plot, spectra_plot
from studies.services import advising
from studies.stems import StemSet

ADVISORS = ("differential", "baseline", "llm_agent")
# What each format is called on the page.
DOWNLOAD_FORMATS = (
    ("json", "JSON"),
    ("csv", "CSV"),
    ("rpp", _("REAPER project")),
    ("zip", _("REAPER project with stems")),
)
REASON_TEXTS = {
    "mix": _("the mix"),
    "stems": _("the stems"),
    "loudness_table": _("the loudness table"),
}


def advice_context(
    stems: Excerpt | Upload,
    problem_db: StemValues | None,
    address_of: Callable[[str], str],
    job: Any,
) -> dict[str, Any]:
    """Tables, figures, advice and what the script plays; `problem` says why there is nothing."""
    stem_set = StemSet(stems, problem_db)
    try:
        rows, mix_lufs = stem_set.table(), stem_set.mix_lufs()
        spectra = stem_set.spectra_db()
        player = stem_set.player(address_of)
    except AudioError as error:
        return {"problem": error.reason}
    advice = advising.shown(stems, stem_set.problem_db)
    scale = common_scale([row.content for row in advice])
    cards = [_card(number, row, scale) for number, row in enumerate(advice, 1)]
    return {
        "rows": rows,
        "download_formats": DOWNLOAD_FORMATS,
        "mix_lufs": mix_lufs,
        "spectra": None if spectra is None else spectra_plot(spectra),
        "cards": [card for card in cards if card["is_main"]],
        "simple": [card for card in cards if not card["is_main"]],
        "refused": _refused(job),
        "player": {
            **player,
            "systems": [
                {
                    "name": row.system.name,
                    "title": row.system.title,
                    "balance_db": row.content["balance_db"],
                }
                for row in advice
            ],
        },
    }


def _card(number: int, row: Advice, scale: Any) -> dict[str, Any]:
    return {
        "number": number,
        "advice": row,
        "system": row.system,
        "is_main": row.system.kind == System.Kind.EXPERT or row.system.name in ADVISORS,
        "plot": move_plot(row.content, scale),
        "uncertainty": row.content["uncertainty"],
        "moves": row.content["moves"],
        "balance": [(stem, row.content["balance_db"][stem]) for stem in STEMS],
        "hears": [REASON_TEXTS[name] for name in row.system.hears if name in REASON_TEXTS],
    }


def _refused(job: Any) -> dict[str, str]:
    """Why some systems are missing, without a path of the server."""
    result = getattr(job, "result", None) or {}
    refused: dict[str, str] = result.get("refused", {})
    return {name: reason.replace(f"{ROOT}/", "") for name, reason in refused.items()}
