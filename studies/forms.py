"""What people fill in on this package's pages, checked."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.models import Excerpt
from annotate.models.songs import ROLE_CHOICES

LOWEST_DB, HIGHEST_DB = -24.0, 24.0
MOST_SHOWN = 20


class LibrarySearchForm(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("Search the library"),
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    def excerpts(self) -> list[Excerpt]:
        """The first excerpts of songs that match; all songs where nothing is asked."""
        self.is_valid()
        words = self.cleaned_data.get("q", "").split()
        found = Excerpt.objects.usable().filter(has_audio=True).select_related("song")
        for word in words:
            found = found.filter(song__title__icontains=word) | found.filter(
                song__artist__icontains=word
            )
        return list(found.order_by("song__artist", "song__title", "start_s")[:MOST_SHOWN])


class ProblemForm(forms.Form):
    """Where the stems stand when advice is asked for; empty is 0 dB, as imported."""

    def __init__(self, *args: Any, excerpt: Excerpt, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        active = excerpt.active()
        for stem, label in ROLE_CHOICES:
            if active[stem]:
                self.fields[stem] = forms.FloatField(
                    label=str(label).capitalize(),
                    required=False,
                    min_value=LOWEST_DB,
                    max_value=HIGHEST_DB,
                    widget=forms.NumberInput(attrs={"step": "0.1"}),
                )

    def problem_db(self) -> StemValues:
        """Call it on a valid form."""
        return {
            stem: round(self.cleaned_data.get(stem) or 0.0, 2) if stem in self.fields else None
            for stem in STEMS
        }


class ExpertAdviceForm(forms.Form):
    """An expert's words and faders; the moves are relative to what was heard."""

    prose = forms.CharField(
        label=gettext_lazy("Your advice"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "As you would say it to the mixer: which stem, up or down, by how many dB; or that it "
            "should be left as it is."
        ),
    )

    def __init__(self, *args: Any, active: dict[str, bool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.active = active
        for stem, label in ROLE_CHOICES:
            if active[stem]:
                self.fields[stem] = forms.FloatField(
                    label=str(label).capitalize(),
                    min_value=LOWEST_DB,
                    max_value=HIGHEST_DB,
                    initial=0.0,
                    widget=forms.NumberInput(attrs={"step": "0.5", "data-stem": stem}),
                )

    def faders(self) -> list[Any]:
        return [self[stem] for stem in STEMS if stem in self.fields]

    def moves_db(self) -> StemValues:
        """Call it on a valid form."""
        return {stem: self.cleaned_data.get(stem) for stem in STEMS}


class ExpertInviteForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("For whom"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Only researchers see it."),
    )
    count = forms.IntegerField(label=gettext_lazy("Excerpts"), min_value=1, max_value=50, initial=8)
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        min_value=0,
        max_value=2**31 - 1,
        initial=1,
        help_text=gettext_lazy("Draws excerpts and errors; the same seed gives the same problems."),
    )
    valid_days = forms.IntegerField(
        label=gettext_lazy("Valid for (days)"), required=False, min_value=1, max_value=3650
    )

    def clean_note(self) -> str:
        note: str = self.cleaned_data["note"]
        return note.strip()

    @staticmethod
    def none_there() -> str:
        return _("The library has no excerpt with audio yet: import songs first.")
