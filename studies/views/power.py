"""How many people a study needs: by formula at once, by simulation in the worker."""

from typing import Any

from django.apps import apps
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from analysis import power as formulas
from annotate.background import enqueue
from annotate.views.access import ResearcherRequest, render_page, researcher_required
from studies.power_forms import SimulationForm, SizeForm

PAGE = "studies/power.html"
KIND = "simulate_power"


@researcher_required
@require_safe
def power(request: ResearcherRequest) -> HttpResponse:
    """The page; with a design in the address, its answer. `?job=` shows a simulation."""
    asked = "design" in request.GET
    initial = {name: field.initial for name, field in SizeForm.base_fields.items()}
    size = SizeForm(request.GET if asked else initial)
    context = {
        "size": size,
        "found": _found(size.cleaned_data) if size.is_valid() else None,
        "simulation": SimulationForm(),
        "job": _job(request),
    }
    part = {"found": "found", "job": "simulated"}.get(request.GET.get("part", ""), "")
    return render_page(request, PAGE, context, part=part)


@researcher_required
@require_POST
def simulate(request: ResearcherRequest) -> HttpResponse:
    """Queue a simulation."""
    form = SimulationForm(request.POST)
    if not form.is_valid():
        initial = {name: field.initial for name, field in SizeForm.base_fields.items()}
        size = SizeForm(initial)
        found = _found(size.cleaned_data) if size.is_valid() else None
        context = {"size": size, "found": found, "simulation": form, "job": None}
        return render_page(request, PAGE, context, status=400)
    key = enqueue(KIND, form.cleaned_data, owner=request.user, page=reverse("power"))
    return redirect(f"{reverse('power')}?job={key}#simulation")


def _job(request: ResearcherRequest) -> Any:
    jobs: Any = apps.get_model("config", "Job")
    return jobs.objects.filter(
        key=request.GET.get("job", ""), kind=KIND, owner=request.user
    ).first()


def _found(asked: dict[str, Any]) -> dict[str, Any]:
    """The numbers of one design, or why there are none."""
    effect, power_, alpha = asked["effect"], asked["power"], asked["alpha"]
    try:
        if asked["design"] == "correlation":
            return {"size": formulas.items_needed(effect, power_, alpha)}
        if asked["design"] == "paired":
            return {"size": formulas.people_needed(effect, power_, alpha)}
        size = formulas.votes_needed(effect, power_, alpha)
        decided = max(1.0, asked["per_rater"] * (1.0 - asked["ties"]))
        return {
            "size": size,
            "design_effect": formulas.design_effect(decided, asked["icc"]),
            "people": formulas.raters_needed(
                size.n, asked["per_rater"], asked["icc"], asked["ties"]
            ),
            "per_rater": asked["per_rater"],
        }
    except ValueError as error:
        return {"fault": str(error)}
