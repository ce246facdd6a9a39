"""From a draft to an open study: items, advice and sounds made, read by somebody, then frozen."""

import random
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotate.background import enqueue
from annotate.views.access import ResearcherRequest, render_page, researcher_required
from annotate.views.stored_audio import stored_audio
from annotate.views.work import job_of, show_job
from studies.models import Item, Stimulus, Study, StudyVersion
from studies.protocol.reading import read_spec
from studies.protocol.spec import Block, Spec
from studies.services import designing, freezing
from studies.services.proofreading import change_text, n_words
from studies.services.refusing import Refused
from studies.services.study_rendering import path_of
from studies.services.unblinding import names_allowed
from studies.views.study_access import render_study, study_of

ITEMS_PER_PAGE = 8
PROOF = "studies/study_proof.html"
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ProofText:
    """One text to be read, with its length and where its mix can be heard."""

    stimulus: Stimulus
    place: int
    low: int
    high: int
    fault: str = ""
    is_saved: bool = False
    typed: str | None = None

    @property
    def text(self) -> str:
        return self.stimulus.text if self.typed is None else self.typed

    @property
    def n_words(self) -> int:
        return n_words(self.text)

    @property
    def is_outside(self) -> bool:
        return not self.low <= self.n_words <= self.high

    @property
    def original(self) -> str:
        """What the system said, where people read something else."""
        advice = self.stimulus.advice
        return "" if advice is None or advice.prose == self.stimulus.text else advice.prose


@dataclass(frozen=True, slots=True)
class ProofItem:
    item: Item
    block: Block
    texts: list[ProofText]
    problem: Stimulus | None
    mixes: list[tuple[int, Stimulus]]


@researcher_required
@require_safe
def proof(request: ResearcherRequest, key: str) -> HttpResponse:
    """How far the draft is prepared, and every text side by side."""
    study = study_of(request, key)
    version = study.latest
    spec = read_spec(version.spec)
    blocks = [block.key for block in spec.blocks]
    wanted = request.GET.get("block", "")
    rows = version.items.filter(kind=Item.Kind.MAIN).select_related("excerpt__song")
    rows = rows.filter(block=wanted) if wanted in blocks else rows
    rows = rows.prefetch_related("stimuli__advice", "stimuli__system")
    page = Paginator(rows, ITEMS_PER_PAGE).get_page(request.GET.get("page"))
    job = job_of(request)
    names = names_allowed(version, request.user, designing.may(request.user, study))
    shows_names = names and request.GET.get("names") == "1"
    context = {
        "spec": spec,
        "page": page,
        "items": [_proof_item(spec, item, shows_names) for item in page.object_list],
        "names": shows_names,
        "may_see_names": names,
        "wanted": wanted if wanted in blocks else "",
        "counts": _counts(version),
        "job": job,
        "job_result": (job.result or {}) if job is not None else {},
    }
    response = render_study(request, PROOF, study, context, tab="advice", version=version,
                            part="state")  # fmt: skip
    if job is not None and job.is_over and request.htmx:
        response["HX-Refresh"] = "true"
    return response


def _proof_item(spec: Spec, item: Item, shows_names: bool) -> ProofItem:
    block, stimuli = spec.block(item.block), list(item.stimuli.all())
    if not shows_names:
        # The order of the spec would tell whose text is which.
        random.Random(f"{item.version_id} {item.number}").shuffle(stimuli)
    texts = [one for one in stimuli if one.role == Stimulus.Role.SYSTEM]
    is_text = block.is_about_advice
    return ProofItem(
        item=item,
        block=block,
        texts=[_text(block, one, place) for place, one in enumerate(texts, 1)] if is_text else [],
        problem=next((one for one in stimuli if one.role == Stimulus.Role.PROBLEM), None),
        mixes=[] if is_text else [*enumerate(stimuli, 1)],
    )


def _text(block: Block, stimulus: Stimulus, place: int, **more: Any) -> ProofText:
    return ProofText(stimulus, place, block.advice.min_words, block.advice.max_words, **more)


def _counts(version: StudyVersion) -> dict[str, int]:
    """How far a draft is, in one query."""
    system = Q(role=Stimulus.Role.SYSTEM)
    counts: dict[str, int] = Stimulus.objects.filter(item__version=version).aggregate(
        items=Count("item", distinct=True),
        systems=Count("pk", filter=system),
        advised=Count("pk", filter=system & Q(advice__isnull=False)),
        rendered=Count("pk", filter=Q(rendering__isnull=False)),
    )
    return counts


@researcher_required
@require_POST
def prepare(request: ResearcherRequest, key: str) -> HttpResponseRedirect:
    """Ask the worker for items, advice and sounds; the page then follows its job."""
    study = study_of(request, key, may="own")
    version = study.latest
    if version.is_frozen:
        messages.error(request, _("This version is frozen: it was prepared before it opened."))
        return redirect("study-proof", key=study.key)
    page = reverse("study-proof", args=[study.key])
    job = enqueue(
        "prepare_study", {"version": version.pk}, owner=request.user, about=study.title, page=page
    )
    return show_job(page, job)


def _stimulus(version: StudyVersion, item: int, stimulus: int) -> Stimulus:
    rows = Stimulus.objects.select_related("item__version", "advice", "system")
    return get_object_or_404(rows, item__version=version, item__number=item, number=stimulus)


@researcher_required
@require_POST
def change(
    request: ResearcherRequest, key: str, item: int, stimulus: int
) -> HttpResponse | HttpResponseRedirect:
    """Put one text right."""
    study = study_of(request, key, may="own")
    version = study.latest
    found = _stimulus(version, item, stimulus)
    typed = request.POST.get("text", "")
    fault = ""
    try:
        change_text(found, typed, by=request.user, now=timezone.now())
    except Refused as error:
        fault = str(error)
    if not request.htmx:
        if fault:
            messages.error(request, fault)
        return redirect("study-proof", key=study.key)
    block = read_spec(version.spec).block(found.item.block)
    whole = _proof_item(read_spec(version.spec), found.item, request.POST.get("names") == "1")
    place = next((one.place for one in whole.texts if one.stimulus.pk == found.pk), 1)
    text = _text(block, found, place, fault=fault, is_saved=not fault,
                 typed=typed if fault else None)  # fmt: skip
    context = {
        "study": study,
        "version": version,
        "text": text,
        "item": found.item,
        "is_own": True,
        "names": request.POST.get("names") == "1",
    }
    return render_page(request, "studies/parts/proof_text.html", context)


@researcher_required
@require_safe
def sound(request: ResearcherRequest, key: str, item: int, stimulus: int) -> HttpResponse:
    """A rendered mix of the latest version."""
    study = study_of(request, key)
    found = _stimulus(study.latest, item, stimulus)
    path = path_of(found.rendering["sha256"]) if found.rendering else None
    if path is None or not path.is_file():
        raise Http404
    return stored_audio(path, {"Cache-Control": "private, no-cache"})


@researcher_required
@require_http_methods(["GET", "HEAD", "POST"])
def open_(request: ResearcherRequest, key: str) -> HttpResponse:
    """What is missing, as a list; then freezing, which opens the study."""
    study = study_of(request, key, may="own")
    version = study.latest
    if version.is_frozen:
        return redirect("study-edit", key=study.key)
    if request.method == "POST":
        try:
            freezing.freeze(version, request.user, timezone.now())
        except Refused as error:
            messages.error(request, str(error))
            return _open_page(request, study, version, status=400)
        messages.success(request, _("Version %(n)s is frozen and open.") % {"n": version.number})
        return redirect("study-dashboard", key=study.key)
    return _open_page(request, study, version)


def _open_page(
    request: ResearcherRequest, study: Study, version: StudyVersion, status: int = 200
) -> HttpResponse:
    spec = read_spec(version.spec)
    problems = freezing.problems(version)
    context = {
        "spec": spec,
        "problems": problems[:MOST_SHOWN],
        "problem_count": len(problems),
        "counts": _counts(version),
        "advised": _advised_against(spec),
    }
    return render_study(
        request, "studies/study_open.html", study, context, tab="advice", version=version,
        status=status,
    )  # fmt: skip


def _advised_against(spec: Spec) -> list[str]:
    """What a study can open without, and should not."""
    found = []
    if not _has_words(spec.texts.consent):
        found.append(_("There is no consent text."))
    if not _has_words(spec.texts.contact):
        found.append(_("Participants are not told whom to ask."))
    if not _has_words(spec.texts.debriefing):
        found.append(_("There is no debriefing."))
    if len(spec.languages) > 1:
        once = [path for path, text in texts_of(spec) if isinstance(text, str) and text]
        if once:
            found.append(
                _("In one language for all: %(paths)s") % {"paths": ", ".join(once[:MOST_SHOWN])}
            )
    if spec.plan.primary is None:
        found.append(_("The plan names no primary outcome: everything will be exploratory."))
    if spec.plan.sample_size is None and not spec.plan.stopping_rule:
        found.append(_("The plan has neither a sample size nor a stopping rule."))
    if not spec.plan.exclusions:
        found.append(_("The plan names no exclusion rules."))
    if spec.crowd.platform != "none" and not (spec.crowd.return_url or spec.crowd.complete_code):
        found.append(_("The crowd platform has neither a return address nor a completion code."))
    return found


def texts_of(spec: Spec) -> list[tuple[str, Any]]:
    """Path and value of every text that participants read."""
    texts = [(f"texts.{name}", getattr(spec.texts, name)) for name in type(spec.texts).model_fields]
    for number, block in enumerate(spec.blocks):
        where = f"blocks[{number}]"
        texts += [(f"{where}.{name}", getattr(block, name)) for name in ("title", "instructions")]
        for place, one in enumerate(block.questions):
            texts += [
                (f"{where}.questions[{place}].{name}", getattr(one, name))
                for name in ("text", "help", "low_label", "high_label")
            ]
    return texts


def _has_words(text: Any) -> bool:
    return any(one.strip() for one in ([text] if isinstance(text, str) else text.values()))
