"""What each kind of job does, in words (a test asks for every kind)."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    "adjust_excerpt": _("Cutting an excerpt"),
    "import_songs": _("Importing songs"),
    "remove_import_leftovers": _("Removing songs that were sent and never imported"),
    "prepare_showings": _("Stems for the next annotators"),
    "compute_consensus": _("Working out a consensus"),
    "freeze_consensus": _("Freezing a consensus"),
    "advise_on_excerpt": _("Advice on an excerpt"),
    "advise_on_upload": _("Advice on stems that were brought"),
    "prepare_study": _("Items, advice and sounds of a study"),
    "import_study": _("Importing a study"),
    "price_judge": _("Pricing a judge"),
    "run_judge": _("A judge at work"),
    "remove_expired_uploads": _("Removing uploads whose time is over"),
    "remove_personal_data": _("Removing personal data whose time is over"),
    "simulate_power": _("Simulating power"),
    "write_report": _("Writing a report"),
    "write_export": _("Writing an export"),
    "remove_old_exports": _("Removing exports whose day is over"),
}


def words_of(kind: str) -> str:
    """
    >>> words_of("write_report"), words_of("something else")
    ('Writing a report', 'something else')
    """
    return str(WORDS.get(kind, kind))
