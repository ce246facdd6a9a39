"""The form with which a judge is asked for on a page."""

import os
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from modeling.endpoint.client import DEFAULT_AT_ONCE
from modeling.endpoint.environment import budget_usd_from, connection_from
from modeling.endpoint.request import EndpointError
from studies.judging.asking import GIVEN
from studies.judging.prompts import DEFAULT, prompt_names
from studies.services.judge_plans import MOST_AT_ONCE, MOST_REPEATS, RUBRIC, JudgePlan

GIVEN_WORDS = {
    "text": _("the texts alone (cannot judge mixes)"),
    "text+table": _("the texts and a table of loudness"),
    "text+table+audio": _("texts, table and the sound"),
}


@dataclass(frozen=True, slots=True)
class NamedEndpoint:
    """What this site's environment says of an endpoint, without the key; `fault` says what to
    set."""

    address: str = ""
    model: str = ""
    takes_audio: bool = False
    budget_usd: float = 0.0
    fault: str = ""


def named_endpoint() -> NamedEndpoint:
    try:
        connection = connection_from(os.environ)
        budget_usd = budget_usd_from(os.environ)
    except EndpointError as error:
        return NamedEndpoint(fault=str(error))
    if connection is None:
        return NamedEndpoint(fault=str(_("No endpoint is named.")))
    return NamedEndpoint(connection.shown, connection.model, connection.takes_audio, budget_usd)


class JudgeForm(forms.Form):
    """Name, model, what it hears, and how much of it."""

    judge = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("In the report. The same name again goes on where that judge was."),
    )
    model = forms.CharField(label=_("Model"), max_length=120)
    given = forms.ChoiceField(
        label=_("It is given"), choices=[(one, GIVEN_WORDS[one]) for one in GIVEN]
    )
    prompt = forms.ChoiceField(label=_("Prompts"), choices=[])
    repeats = forms.IntegerField(
        label=_("Times each trial"), min_value=1, max_value=MOST_REPEATS, initial=1
    )
    at_once = forms.IntegerField(
        label=_("Requests at once"), min_value=1, max_value=MOST_AT_ONCE, initial=DEFAULT_AT_ONCE
    )
    budget_usd = forms.FloatField(label=_("Budget of all judges of this study (USD)"), min_value=0)
    panel = forms.CharField(
        label=_("Panel"), max_length=60, required=False, help_text=_("Judges that vote together.")
    )
    seed = forms.IntegerField(label=_("Seed"), min_value=0, max_value=2**31 - 1, initial=0)

    def __init__(self, data: Any = None, *, endpoint: NamedEndpoint) -> None:
        initial = {
            "model": endpoint.model,
            "given": "text+table",
            "prompt": DEFAULT,
            "budget_usd": endpoint.budget_usd,
        }
        super().__init__(data, initial=initial)
        self._endpoint = endpoint
        prompts = self.fields["prompt"]
        assert isinstance(prompts, forms.ChoiceField)
        prompts.choices = [(one, one) for one in prompt_names()]
        self.fields["budget_usd"].help_text = _(
            "At most %(most).2f: OPENAI_BUDGET_USD of this site."
        ) % {"most": endpoint.budget_usd}

    def clean_judge(self) -> str:
        name = str(self.cleaned_data["judge"]).strip()
        if name == RUBRIC:
            raise forms.ValidationError(_("That is the name of the rubric rater; choose another."))
        return name

    def clean_given(self) -> str:
        given = str(self.cleaned_data["given"])
        if given.endswith("audio") and not self._endpoint.takes_audio:
            raise forms.ValidationError(
                _("This endpoint takes no audio; OPENAI_TAKES_AUDIO=1 says that it does.")
            )
        return given

    def clean_budget_usd(self) -> float:
        budget_usd = float(self.cleaned_data["budget_usd"])
        if not budget_usd <= self._endpoint.budget_usd:
            raise forms.ValidationError(
                _("More than the %(most).2f USD that OPENAI_BUDGET_USD allows.")
                % {"most": self._endpoint.budget_usd}
            )
        return budget_usd

    def plan(self) -> JudgePlan:
        return JudgePlan(**self.cleaned_data)
