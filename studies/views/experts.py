"""Experts: invited by researchers; their own pages, reached by a link, blind to the answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.vectors import STEMS
from annotate.listening import CEILING_DBFS, TARGET_LUFS
from annotate.models import Excerpt
from annotate.models.campaigns import hash_token
from annotate.views.access import ResearcherRequest, render_page, researcher_required
from annotate.views.annotator import keep_secret
from annotate.views.stored_audio import FOREVER
from modeling.audio import AudioError
from modeling.features import SHORTEST_S
from modeling.headroom import pack_peaks
from modeling.loudness import pack_gram
from studies.forms import ExpertAdviceForm, ExpertInviteForm
from studies.models import Expert, ExpertTask
from studies.services import experts

P = ParamSpec("P")


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: ResearcherRequest) -> HttpResponse:
    """Everybody invited, and a form to invite; a new link is shown once."""
    form = ExpertInviteForm(request.POST or None)
    link = ""
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        usable = Excerpt.objects.usable().filter(has_audio=True, duration_s__gte=SHORTEST_S)
        excerpts = list(usable.order_by("pk"))
        if excerpts:
            invitation = experts.invite(
                owner=request.user, excerpts=excerpts, now=timezone.now(), **values
            )
            link = request.build_absolute_uri(reverse("expert", args=[invitation.token]))
            form = ExpertInviteForm()
        else:
            form.add_error(None, form.none_there())
    rows = Expert.objects.visible_to(request.user).select_related("system")
    people = rows.annotate(task_count=Count("tasks"), done_count=Count("tasks__advice")).order_by(
        "-pk"
    )
    context = {"form": form, "people": people, "link": link}
    status = 400 if form.is_bound and form.errors else 200
    return keep_secret(render_page(request, "studies/experts.html", context, status=status))  # type: ignore[return-value]


@researcher_required
@require_POST
def revoke(request: ResearcherRequest, key: str) -> HttpResponse:
    found = get_object_or_404(Expert.objects.visible_to(request.user), key=key)
    experts.revoke(expert=found, now=timezone.now(), by=request.user)
    return redirect("experts")


def expert_page(
    view: Callable[Concatenate[HttpRequest, Expert, str, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Give the view the expert whom the link admits; a withdrawn link is told so kindly."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> Any:
        expert = Expert.objects.by_token(token, timezone.now()).select_related("system").first()
        if expert is None:
            if not Expert.objects.filter(token_hash=hash_token(token)).exists():
                raise Http404
            gone = render(request, "annotate/annotator/gone.html", status=404)
            return keep_secret(gone)
        return keep_secret(view(request, expert, token, *args, **kwargs))

    return wrapped


@require_safe
@expert_page
def home(request: HttpRequest, expert: Expert, token: str) -> HttpResponse:
    tasks = list(expert.tasks.order_by("pk"))
    done = sum(task.advice_id is not None for task in tasks)
    due = next((task for task in tasks if task.advice_id is None), None)
    context = {"token": token, "tasks": tasks, "done": done, "due": due}
    return render(request, "studies/expert.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@expert_page
def task(request: HttpRequest, expert: Expert, token: str, key: str) -> HttpResponse:
    found = get_object_or_404(expert.tasks.select_related("excerpt", "advice"), key=key)
    if found.advice is not None:
        return redirect("expert", token)
    active = {stem: found.problem_db[stem] is not None for stem in STEMS}
    form = ExpertAdviceForm(request.POST or None, active=active)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            experts.advise(
                task=found, prose=values["prose"], moves_db=form.moves_db(), now=timezone.now()
            )
            return redirect("expert", token)
        except ValueError as error:
            form.add_error("prose", str(error).partition(": ")[2] or str(error))
    context = {
        "token": token,
        "task": found,
        "form": form,
        "number": expert.tasks.filter(pk__lte=found.pk).count(),
        "count": expert.tasks.count(),
        "desk": _desk(found, token),
    }
    return render(
        request, "studies/expert_task.html", context, status=400 if form.is_bound else 200
    )


def _desk(found: ExpertTask, token: str) -> dict[str, Any] | None:
    """What plays the problem mix: levels of the served stems and where they are."""
    try:
        served = experts.served(found)
    except AudioError:
        return None
    return {
        "task": found.key,
        "stems": {
            stem: reverse("expert-stem", args=[token, found.key, stem]) if is_active else None
            for stem, is_active in served.active.items()
        },
        "gram": pack_gram(served.gram),
        "n_hops": len(served.gram),
        "peaks": pack_peaks(served.peaks),
        "n_peaks": len(served.peaks),
        "target_lufs": TARGET_LUFS,
        "ceiling_dbfs": CEILING_DBFS,
    }


@require_safe
@expert_page
def stem(request: HttpRequest, expert: Expert, token: str, key: str, role: str) -> HttpResponse:
    found = get_object_or_404(expert.tasks.select_related("excerpt"), key=key)
    if role not in STEMS:
        raise Http404
    try:
        content = experts.served_stem_flac(found, role)
    except (AudioError, ValueError) as error:
        raise Http404 from error
    return HttpResponse(content, content_type="audio/flac", headers={"Cache-Control": FOREVER})
