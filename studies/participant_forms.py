"""What participants fill in besides the trials."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotate.models import Annotator
from studies.protocol.spec import Gates

AGE_BANDS = [
    ("18-24", _("18 to 24")),
    ("25-34", _("25 to 34")),
    ("35-44", _("35 to 44")),
    ("45-54", _("45 to 54")),
    ("55-64", _("55 to 64")),
    ("65+", _("65 or older")),
    ("not said", _("I would rather not say")),
]
HEARING = [
    ("none", _("No")),
    ("mild", _("Yes, but it does not get in my way")),
    ("hindering", _("Yes, and it gets in my way")),
    ("not said", _("I would rather not say")),
]


class ConsentForm(forms.Form):
    consent = forms.BooleanField(label=_("I have read this and take part."))


class QuestionnaireForm(forms.Form):
    """Only the questions that the study asks."""

    mixing_years = forms.IntegerField(
        label=_("For how many years have you mixed music?"),
        help_text=_("As work or as a hobby. 0 if you never have."),
        min_value=0,
        max_value=80,
    )
    gear = forms.ChoiceField(
        label=_("What do you listen on now?"),
        choices=Annotator.Device.choices,
        widget=forms.RadioSelect,
    )
    age_band = forms.ChoiceField(
        label=_("How old are you?"), choices=AGE_BANDS, widget=forms.RadioSelect
    )
    hearing = forms.ChoiceField(
        label=_("Do you have a hearing loss that you know of?"),
        choices=HEARING,
        widget=forms.RadioSelect,
    )

    def __init__(self, gates: Gates, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(gates.questionnaire):
            del self.fields[name]


class CalibrationForm(forms.Form):
    """What the level meter reads while the noise plays."""

    level_db_spl = forms.FloatField(
        label=_("Level at the place of the head, in dB SPL"),
        help_text=_("As the meter reads it with slow response, C-weighted."),
        min_value=40,
        max_value=100,
    )
    volume_db = forms.FloatField(min_value=-40, max_value=0, widget=forms.HiddenInput)


class WithdrawForm(forms.Form):
    sure = forms.BooleanField(label=_("Yes, delete my personal data and end my part in the study."))
