"""What the power page asks: an effect, and a design."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def _share(label: Any, initial: float, **bounds: Any) -> forms.FloatField:
    return forms.FloatField(
        label=label,
        initial=initial,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        **bounds,
    )


class SizeForm(forms.Form):
    """People needed, by formula."""

    design = forms.ChoiceField(
        label=_("Design"),
        choices=[
            ("preference", _("Pairwise preference: the probability of being preferred")),
            ("paired", _("Two systems rated by the same people: Cohen's d of the differences")),
            ("correlation", _("Correlation over items: judge and people, say")),
        ],
        widget=forms.RadioSelect,
        initial="preference",
    )
    effect = _share(_("Effect to find"), 0.65, min_value=0.01, max_value=3.0)
    power = _share(_("Power"), 0.8, min_value=0.5, max_value=0.999)
    alpha = _share(_("Alpha, two-sided"), 0.05, min_value=0.0001, max_value=0.2)
    per_rater = forms.IntegerField(
        label=_("Votes a person gives"), initial=16, min_value=1, max_value=500
    )
    icc = _share(_("How alike one person's votes are (ICC)"), 0.05, min_value=0.0, max_value=1.0)
    ties = _share(_("Share of ties"), 0.15, min_value=0.0, max_value=0.95)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        design, effect = cleaned.get("design"), cleaned.get("effect")
        if effect is None:
            return cleaned
        if design == "preference" and not 0.5 < effect < 1.0:
            raise ValidationError(
                {"effect": _("A preference to find lies between 0.5 (none) and 1.")}
            )
        if design == "correlation" and not 0.0 < effect < 1.0:
            raise ValidationError({"effect": _("A correlation to find lies between 0 and 1.")})
        return cleaned


class SimulationForm(forms.Form):
    """Power of an actual design, by simulation with the report's own test."""

    n_raters = forms.IntegerField(label=_("People"), initial=40, min_value=2, max_value=2000)
    n_trials = forms.IntegerField(
        label=_("Trials a person"), initial=16, min_value=1, max_value=200
    )
    n_items = forms.IntegerField(label=_("Items"), initial=24, min_value=1, max_value=2000)
    probability = _share(_("Probability of being preferred"), 0.6, min_value=0.05, max_value=0.95)
    ties = _share(_("Share of ties"), 0.15, min_value=0.0, max_value=0.95)
    rater_sd = _share(_("SD over people (log odds)"), 0.4, min_value=0.0, max_value=5.0)
    item_sd = _share(_("SD over items (log odds)"), 0.4, min_value=0.0, max_value=5.0)
    seed = forms.IntegerField(label=_("Seed"), initial=1, min_value=0, max_value=2**31)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        trials, items = cleaned.get("n_trials"), cleaned.get("n_items")
        if trials and items and trials > items:
            raise ValidationError(
                {"n_trials": _("More trials than items: nobody votes on an item twice.")}
            )
        return cleaned
