"""`manage.py make_messages -l de`: the texts that are translated, gathered into the catalogue."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.commands import makemessages

# Whatever an annotator or a participant can meet; the researcher's pages are English
# (docs/languages.md).
TRANSLATED = (
    "annotate/models/campaigns.py",
    "annotate/models/songs.py",
    "annotate/models/work.py",
    "annotate/services/saving.py",
    "annotate/views/annotator.py",
    "annotate/views/desk_texts.py",
    "annotate/views/headphones.py",
    "annotate/views/person.py",
    "config/views.py",
    "studies/design/preview.py",
    "studies/participant_forms.py",
    "studies/services/answering.py",
    "studies/services/training_feedback.py",
    "studies/templatetags/trials.py",
    "studies/trial_texts.py",
    "studies/views/participant/*.py",
    "templates/*.html",
    "templates/annotate/annotator/*.html",
    "templates/config/field.html",
    "templates/config/home.html",
    "templates/config/language_switch.html",
    "templates/registration/login.html",
    "templates/studies/participant/**/*.html",
)


def translated_files() -> list[Path]:
    """Their paths, relative to the repository."""
    root = Path(settings.BASE_DIR)
    found = {path for pattern in TRANSLATED for path in root.glob(pattern)}
    return sorted(path.relative_to(root) for path in found)


class Command(makemessages.Command):
    """Django's own command on these files alone; the catalogue keeps no line numbers and no date,
    so that it changes only where texts do."""

    help = (
        "Gather what annotators and participants read into locale/LANGUAGE/LC_MESSAGES/django.po "
        "(needs gettext; run it at the top of the repository, then compilemessages)."
    )
    # A guessed translation would have to be found and mended: none is made.
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def handle(self, *args: Any, **options: Any) -> Any:
        return super().handle(*args, **options | {"add_location": "file", "no_obsolete": True})

    def find_files(self, root: str) -> list[Any]:
        return [
            self.translatable_file_class(f"./{path.parent}", path.name, self.default_locale_path)
            for path in translated_files()
        ]

    def write_po_file(self, potfile: str, locale: str) -> None:
        super().write_po_file(potfile, locale)
        folder = Path(potfile).parent / locale / "LC_MESSAGES"
        file = folder / f"{self.domain}.po"
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith('"POT-Creation-Date')]
        file.write_text("".join(kept), encoding="utf-8")
