"""What researchers fill in about a study as a whole; the design itself is `studies.design`."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from studies.models import StudyMember

BLANK = "blank"
LONGEST_TITLE = 200


class NewStudyForm(forms.Form):
    """A title, and what to begin with."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=LONGEST_TITLE,
        help_text=gettext_lazy("Participants read it: it must not tell what is compared."),
    )
    begin_with = forms.ChoiceField(
        label=gettext_lazy("Begin with"), widget=forms.RadioSelect, initial=BLANK
    )

    def __init__(self, *args: Any, presets: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        begin_with = self.fields["begin_with"]
        assert isinstance(begin_with, forms.ChoiceField)
        begin_with.choices = [*presets, (BLANK, _("An empty design"))]
        begin_with.initial = begin_with.choices[0][0]


class ImportStudyForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "A spec as TOML or JSON, or an archive (ZIP) of a study with its audio."
        ),
        widget=forms.FileInput(attrs={"accept": ".toml,.json,.zip"}),
    )


class CloneForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Title of the clone"), max_length=LONGEST_TITLE)


class ShareForm(forms.Form):
    """A colleague by the name of their account, and what they may do."""

    username = forms.CharField(
        label=gettext_lazy("Colleague"),
        max_length=150,
        help_text=gettext_lazy("The name they sign in with."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    may = forms.ChoiceField(
        label=gettext_lazy("May"),
        choices=[
            (StudyMember.May.VIEW, gettext_lazy("view: see design, progress and exports, blinded")),
            (StudyMember.May.RUN, gettext_lazy("run: also pause, close, review participants")),
            (StudyMember.May.UNBLIND, gettext_lazy("unblind: also learn who is who")),
        ],
        widget=forms.RadioSelect,
        initial=StudyMember.May.VIEW,
    )

    def clean_username(self) -> Any:
        """The account of that name."""
        name = self.cleaned_data["username"].strip()
        found = get_user_model().objects.filter(username=name, is_active=True).first()
        if found is None:
            raise ValidationError(_("No account is called “%(name)s”.") % {"name": name[:60]})
        return found
