"""What researchers fill in, checked; each form says in the field's own words what is wrong."""

from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analysis.rules import AnnotationRules
from annotate.models import Campaign, Decision, Excerpt, Song
from annotate.models.songs import SongQuerySet
from annotate.services.campaigns import SONG_FILTERS

SHORTEST_S, LONGEST_S = 10.0, 30.0
MOST_INVITATIONS = 200
NEW_EXCERPT = "new"
# More of a kind nobody looks through, and each costs the page time: the field is typed into then.
MOST_CHOICES = 100


def known_values(field: str) -> list[str]:
    """The values that songs have in a field; of many only MOST_CHOICES and one more."""
    named = Song.objects.exclude(**{field: ""}).order_by(field)
    return list(named.values_list(field, flat=True).distinct()[: MOST_CHOICES + 1])


class SongFilterForm(forms.Form):
    """Narrows songs by genre, artist, split and licence. Any text is allowed: an address that was
    kept may name a genre that is gone, and then simply finds nothing."""

    genre = forms.CharField(label=gettext_lazy("Genre"), required=False)
    artist = forms.CharField(label=gettext_lazy("Artist"), required=False)
    split = forms.CharField(label=gettext_lazy("Split"), required=False)
    licence = forms.CharField(label=gettext_lazy("Licence"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SONG_FILTERS:
            values = known_values(name)
            if len(values) > MOST_CHOICES:
                self.fields[name].widget = forms.TextInput(attrs={"placeholder": _("whole name")})
            else:
                choices = [("", _("any")), *((value, value) for value in values)]
                self.fields[name].widget = forms.Select(choices=choices)

    def song_filter(self) -> dict[str, str]:
        """The chosen values; what is empty is left out."""
        self.is_valid()
        return {name: value for name in SONG_FILTERS if (value := self.cleaned_data.get(name))}


class LibraryForm(SongFilterForm):
    """Search and filters of the song library."""

    GENERATED = [
        ("", gettext_lazy("any")),
        ("no", gettext_lazy("recorded")),
        ("yes", gettext_lazy("generated")),
    ]
    q = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    generated = forms.ChoiceField(label=gettext_lazy("Origin"), required=False, choices=GENERATED)
    field_order = ["q", "genre", "artist", "split", "licence", "generated"]

    def songs(self) -> SongQuerySet:
        songs = Song.objects.matching(**self.song_filter()).search(self.cleaned_data.get("q", ""))
        generated = self.cleaned_data.get("generated")
        return songs.filter(is_generated=generated == "yes") if generated else songs


class ExcerptForm(forms.Form):
    """A window of a song, 10 to 30 s long (a shorter song as a whole)."""

    start_s = forms.FloatField(
        label=gettext_lazy("Starts at (s)"),
        min_value=0.0,
        widget=forms.NumberInput(attrs={"step": "0.1"}),
    )
    duration_s = forms.FloatField(
        label=gettext_lazy("Length (s)"),
        widget=forms.NumberInput(attrs={"step": "0.1"}),
    )
    replaces = forms.ChoiceField(label=gettext_lazy("Save as"))

    def __init__(self, *args: Any, song: Song, excerpts: list[Excerpt], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.song, self.excerpts = song, excerpts
        replaces = self.fields["replaces"]
        assert isinstance(replaces, forms.ChoiceField)
        replaces.choices = [(NEW_EXCERPT, _("a new excerpt"))] + [
            (one.key, _("in place of the one at %(start).1f s") % {"start": one.start_s})
            for one in excerpts
        ]

    @property
    def shortest_s(self) -> float:
        return min(SHORTEST_S, self.song.duration_s)

    def clean_replaces(self) -> str | None:
        replaces: str = self.cleaned_data["replaces"]
        return None if replaces == NEW_EXCERPT else replaces

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        start_s, duration_s = values.get("start_s"), values.get("duration_s")
        if start_s is None or duration_s is None:
            return values
        # Fields hold tenths of a second; the song's last one may be rounded up.
        if not self.shortest_s - 0.05 <= duration_s <= LONGEST_S:
            message = _(
                "%(length).1f s is no length for an excerpt: choose %(low).1f to %(high).0f s."
            )
            bounds = {"length": duration_s, "low": self.shortest_s, "high": LONGEST_S}
            self.add_error("duration_s", message % bounds)
        elif start_s + duration_s > self.song.duration_s + 0.05:
            message = _("It would end at %(end).1f s, but the song ends at %(last).1f s.")
            ends = {"end": start_s + duration_s, "last": self.song.duration_s}
            self.add_error("start_s", message % ends)
        else:
            values["duration_s"] = min(duration_s, self.song.duration_s - start_s)
        return values


class CampaignForm(SongFilterForm, forms.ModelForm):  # type: ignore[type-arg]
    """A new campaign: its settings, and the filter that chooses its excerpts."""

    class Meta:
        model = Campaign
        fields = (
            "name",
            "overlap",
            "repeats",
            "headphone_check",
            "lease_minutes",
            "minimum_listening_s",
            "instructions",
            "consent_text",
        )
        widgets = {
            "headphone_check": forms.RadioSelect,
            "instructions": forms.Textarea(attrs={"rows": 5}),
            "consent_text": forms.Textarea(attrs={"rows": 5}),
        }

    def __init__(self, *args: Any, owner: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if Campaign.objects.filter(owner=self.owner, name=name).exists():
            raise ValidationError(_("You have a campaign of this name: choose another."))
        return name

    def settings(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class InviteForm(forms.Form):
    count = forms.IntegerField(
        label=gettext_lazy("How many"), min_value=1, max_value=MOST_INVITATIONS, initial=1
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Only researchers see it, for example whom the links are for."),
    )
    valid_days = forms.IntegerField(
        label=gettext_lazy("Valid for (days)"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=gettext_lazy("Empty: until you revoke the link."),
    )


class RulesForm(forms.Form):
    """Which annotations make the consensus: fields of analysis.rules.AnnotationRules."""

    headphones_only = forms.BooleanField(
        label=gettext_lazy("Only people who passed the headphone check"), required=False
    )
    include_simulated = forms.BooleanField(
        label=gettext_lazy("Include simulated annotators"), required=False, initial=True
    )
    min_mixing_years = forms.FloatField(
        label=gettext_lazy("Least years of mixing"), min_value=0, max_value=80, initial=0
    )
    min_listening_s = forms.FloatField(
        label=gettext_lazy("Least listening per answer (s)"), min_value=0, max_value=600, initial=0
    )

    def rules(self, earlier: AnnotationRules) -> AnnotationRules:
        """The rules as chosen; what this form does not show stays as it was."""
        return replace(earlier, **self.cleaned_data)


class DecisionForm(forms.Form):
    verdict = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[
            (Decision.Verdict.ACCEPT, gettext_lazy("accept the annotations")),
            (Decision.Verdict.ASK_MORE, gettext_lazy("ask for more")),
            (Decision.Verdict.SET_ASIDE, gettext_lazy("set the excerpt aside")),
        ],
        widget=forms.RadioSelect,
    )
    extra = forms.IntegerField(
        label=gettext_lazy("How many more"),
        required=False,
        min_value=1,
        max_value=20,
        initial=2,
        help_text=gettext_lazy("Counts only when you ask for more."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Needed when you set the excerpt aside; frozen with the consensus."),
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        verdict = values.get("verdict")
        lacks_number = not values.get("extra") and "extra" not in self.errors
        if verdict == Decision.Verdict.ASK_MORE and lacks_number:
            self.add_error("extra", _("Say how many more: 1 to 20."))
        if verdict == Decision.Verdict.SET_ASIDE and not values.get("reason"):
            self.add_error("reason", _("Say why this excerpt is set aside."))
        return values
