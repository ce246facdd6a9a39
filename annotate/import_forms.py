"""The forms with which songs are imported on a page, checked by what the files begin like."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analysis.vectors import STEMS
from annotate.fields import storable_text
from annotate.models.songs import ROLE_CHOICES
from annotate.services.song_imports import About, allowed_folders
from modeling.layouts import STEM_MP4_SUFFIX
from modeling.sniffing import HEAD_BYTES, is_mp4, is_zip, kind_of
from modeling.song_notes import SPLITS

# A file as Django hands it over.
SentFile = Any
LONGEST_NAME = 120
MOST_FOLDERS = 200
LAYOUT_CHOICES = (
    ("auto", gettext_lazy("whatever is found")),
    ("musdb18", gettext_lazy("MUSDB18, .stem.mp4 files")),
    ("musdb18hq", gettext_lazy("MUSDB18-HQ, folders of WAV files")),
    ("folder", gettext_lazy("folders of four stems")),
)


class AboutForm(forms.Form):
    """What is known of songs; what is left empty is what the files say."""

    artist = forms.CharField(label=gettext_lazy("Artist"), max_length=200, required=False)
    genre = forms.CharField(label=gettext_lazy("Genre"), max_length=100, required=False)
    split = forms.ChoiceField(
        label=gettext_lazy("Split"),
        required=False,
        choices=[("", gettext_lazy("as the files say")), *((one, one) for one in SPLITS)],
    )
    licence = forms.CharField(label=gettext_lazy("Licence"), max_length=100, required=False)

    def about(self) -> About:
        return About(
            **{
                name: storable_text(self.cleaned_data[name].strip())
                for name in About.__dataclass_fields__
                if name in self.cleaned_data
            }
        )


class UploadForm(AboutForm):
    """One `.stem.mp4`, one ZIP, or four files."""

    archive = forms.FileField(
        label=gettext_lazy("A .stem.mp4, or a ZIP of songs"),
        required=False,
        help_text=gettext_lazy("In a ZIP each song is a folder with four stems, or a .stem.mp4."),
    )
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Of one song; several have the titles of their folders."),
    )
    field_order = ("archive", *STEMS, "title", "artist", "genre", "split", "licence")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for stem, label in ROLE_CHOICES:
            self.fields[stem] = forms.FileField(label=str(label).capitalize(), required=False)
        self.order_fields(self.field_order)

    def sound_fields(self) -> Iterator[Any]:
        return (self[stem] for stem in STEMS)

    def about_fields(self) -> Iterator[Any]:
        return (self[name] for name in ("title", "artist", "genre", "split", "licence"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        stems = {stem: data[stem] for stem in STEMS if data.get(stem)}
        archive = data.get("archive")
        if archive and stems:
            raise forms.ValidationError(_("Choose one file above, or four stems: not both."))
        if not archive and not stems:
            raise forms.ValidationError(_("Choose a .stem.mp4, a ZIP, or four stems."))
        if sum(int(one.size or 0) for one in (archive, *stems.values()) if one) > (
            settings.IMPORT_UPLOAD_BYTES
        ):
            raise forms.ValidationError(too_large())
        if archive:
            self.stored = {self._name_of(archive): archive}
        else:
            self.stored = self._stems(stems)
        return data

    def _name_of(self, file: SentFile) -> str:
        """The name under which a single file is kept: its own, harmless."""
        head, own = _head(file), _plain_name(file)
        if is_zip(head):
            return f"{own.removesuffix('.zip') or 'songs'}.zip"
        if is_mp4(head):
            bare = re.sub(r"(\.stem)?\.mp4$|\.stem$", "", own, flags=re.IGNORECASE)
            return f"{bare or 'song'}{STEM_MP4_SUFFIX}"
        message = _("%(name)s is no ZIP and no .stem.mp4 file.") % {"name": own or _("The file")}
        raise forms.ValidationError({"archive": message})

    def _stems(self, stems: dict[str, SentFile]) -> dict[str, SentFile]:
        stored, faults = {}, {}
        for stem in STEMS:
            suffix = kind_of(_head(stems[stem])) if stem in stems else None
            if stem not in stems:
                faults[stem] = _("This stem is missing: a song has four.")
            elif suffix is None:
                faults[stem] = _("This is no WAV, FLAC, Ogg, MP3 or AIFF file.")
            else:
                stored[f"{stem}{suffix}"] = stems[stem]
        if not faults and not self.cleaned_data.get("title"):
            faults["title"] = _("Four files say no title: give one.")
        if faults:
            raise forms.ValidationError(faults)
        return stored

    @property
    def shown_name(self) -> str:
        """What the job is about."""
        title: str = self.cleaned_data["title"] or next(iter(self.stored))
        return title

    def store(self, folder: Path) -> None:
        """Write what was sent into a folder. Raises OSError."""
        for name, file in self.stored.items():
            file.seek(0)
            with (folder / name).open("xb") as target:
                shutil.copyfileobj(file, target)


class FolderForm(AboutForm):
    """A folder of IMPORT_FOLDERS, or one in it; nothing is typed, so nothing leads out."""

    folder = forms.ChoiceField(label=gettext_lazy("Folder"))
    layout = forms.ChoiceField(label=gettext_lazy("Layout"), choices=LAYOUT_CHOICES, initial="auto")
    field_order = ("folder", "layout")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        folder = self.fields["folder"]
        assert isinstance(folder, forms.ChoiceField)
        self._folders = dict(folder_choices())
        folder.choices = [(name, name) for name in self._folders]

    def path(self) -> Path:
        return self._folders[self.cleaned_data["folder"]]


def folder_choices() -> Iterator[tuple[str, Path]]:
    """(what is shown, path): each allowed folder and the folders in it."""
    for root in allowed_folders():
        yield root.name, root
        try:
            with os.scandir(root) as entries:
                names = sorted(one.name for one in entries if one.is_dir(follow_symlinks=False))
        except OSError:
            continue
        for name in names[:MOST_FOLDERS]:
            if not name.startswith(".") and storable_text(name) == name:
                yield f"{root.name}/{name}", root / name


def too_large() -> str:
    return _("This is too large: %(mb)d MB at most. Send fewer songs at a time.") % {
        "mb": settings.IMPORT_UPLOAD_BYTES // 10**6
    }


def _head(file: SentFile) -> bytes:
    file.seek(0)
    head: bytes = file.read(HEAD_BYTES)
    file.seek(0)
    return head


def _plain_name(file: SentFile) -> str:
    """The file's own name without folder, control characters or leading dots, not too long."""
    name = PurePath(storable_text(str(file.name or "")).replace("\\", "/")).name
    clean = "".join(one for one in name if one.isprintable()).lstrip(". ")
    stem, dot, suffix = clean.rpartition(".")
    # Bytes count in file names, and a letter may take four.
    short = stem.encode()[: 2 * LONGEST_NAME].decode(errors="ignore")[:LONGEST_NAME]
    return f"{short}{dot}{suffix.lower()}" if dot else clean[:LONGEST_NAME]
