"""Coming in by the study's link: plain, with a platform's parameters, as preview, with a pass."""

from dataclasses import replace
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_http_methods

from annotate.languages import name_local, speak
from annotate.views.annotator import keep_secret
from studies.models import Rater, Study, StudyVersion
from studies.protocol.reading import SpecError
from studies.protocol.spec import Spec, in_language
from studies.services import designing, lists
from studies.services.participants import (
    Newcomer,
    crowd_ids,
    is_in_time,
    join,
    known_person,
    read_pass,
    readmit,
    token_of,
)
from studies.services.protocols import protocol_of
from studies.views.participant.admission import FOLDER, say

# Remembers on this device which rater came by the plain link; holds a key, no token.
JOINED_COOKIE = "gainsay_joined"
JOINED_SALT = "studies.joined"
JOINED_LIFETIME_S = 90 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
def join_study(request: HttpRequest, key: str) -> HttpResponse:
    """What the study is; pressing the button comes in. Looking stores nothing."""
    study = get_object_or_404(Study, key=key)
    newcomer = _newcomer(request, study)
    version = _version(study, newcomer)
    try:
        spec = protocol_of(version)
    except SpecError as error:
        raise Http404 from error
    person, session = crowd_ids(spec.crowd, request.GET)
    language = _language(request, spec)
    newcomer = replace(newcomer, person=person, session=session, language=language)
    speak(language)
    response = _join_page(request, version, spec, newcomer)
    keep_secret(response)
    return response


def _newcomer(request: HttpRequest, study: Study) -> Newcomer:
    """How whoever comes by this address is marked. A forged pass, or a preview by somebody without
    the right to the study, is no address at all."""
    if "preview" in request.GET:
        if not designing.may(request.user, study):
            raise Http404
        return Newcomer(run=Rater.Run.PREVIEW)
    if "pass" in request.GET:
        admitted = read_pass(study, request.GET["pass"])
        if admitted is None:
            raise Http404
        return admitted
    return Newcomer()


def _version(study: Study, newcomer: Newcomer) -> StudyVersion:
    """Previews see what is worked on; everybody else the version that was opened last."""
    versions = study.versions.select_related("study").order_by("-number")
    if newcomer.run == Rater.Run.PREVIEW:
        return versions[0]
    return versions.exclude(state=StudyVersion.State.DRAFT).first() or versions[0]


def _language(request: HttpRequest, spec: Spec) -> str:
    """As chosen, else as the browser asks for it, else the study's first."""
    asked = request.POST.get("language") or request.GET.get("language") or ""
    if asked in spec.languages:
        return asked
    for accepted, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        language = accepted.partition("-")[0]
        if language in spec.languages:
            return language
    return spec.languages[0]


def _join_page(
    request: HttpRequest, version: StudyVersion, spec: Spec, newcomer: Newcomer
) -> HttpResponse:
    now, language = timezone.now(), newcomer.language
    known = _known(request, version, spec, newcomer)
    is_asked = request.method == "POST"
    if known is not None and (is_asked or known.may_enter(token_of(known))):
        return _come_in(request, readmit(known) if is_asked else known)
    obstacle = _obstacle(version, spec, newcomer, now) if known is None else ""
    if obstacle:
        return say(request, obstacle, spec, language, status=409 if is_asked else 200)
    if is_asked:
        return _come_in(request, join(version, newcomer, now))
    context = {
        "spec": spec,
        "language": language,
        "title": spec.title_in(language),
        "languages": [(one, name_local(one), _in(request, one)) for one in spec.languages],
        "welcome": in_language(spec.texts.welcome, language),
        "contact": in_language(spec.texts.contact, language),
        "run": newcomer.run,
    }
    return render(request, f"{FOLDER}/join.html", context)


def _known(
    request: HttpRequest, version: StudyVersion, spec: Spec, newcomer: Newcomer
) -> Rater | None:
    """Who this is, when they came before: by the platform's id, else by this device. A lab's device
    sees many people, so there the link alone tells nobody."""
    if newcomer.run != Rater.Run.MAIN or newcomer.kind != Rater.Kind.PERSON:
        return None
    if newcomer.person:
        return known_person(version, newcomer.person)
    if spec.gates.calibration:
        return None
    cookie = request.get_signed_cookie(JOINED_COOKIE, None, salt=JOINED_SALT)
    mine = Rater.objects.filter(version__study=version.study_id, key=cookie or "")
    return mine.select_related("version").first()


def _obstacle(version: StudyVersion, spec: Spec, newcomer: Newcomer, now: datetime) -> str:
    """Why nobody can begin here now; "" where they can."""
    if not is_in_time(version, newcomer):
        return str(version.state)
    if _lacks_id(spec, newcomer):
        return "no id"
    if newcomer.run == Rater.Run.MAIN and not lists.n_free(version, now):
        return "full"
    return ""


def _lacks_id(spec: Spec, newcomer: Newcomer) -> bool:
    """A platform's link without the person's id: they could not be paid, nor come back."""
    return (
        spec.crowd.platform != "none"
        and newcomer.run == Rater.Run.MAIN
        and newcomer.kind == Rater.Kind.PERSON
        and not newcomer.person
    )


def _come_in(request: HttpRequest, rater: Rater) -> HttpResponse:
    response = redirect("part-home", token_of(rater))
    if rater.run == Rater.Run.MAIN and rater.kind == Rater.Kind.PERSON:
        response.set_signed_cookie(
            JOINED_COOKIE,
            rater.key,
            salt=JOINED_SALT,
            max_age=JOINED_LIFETIME_S,
            path=reverse("part-join", args=[rater.version.study.key]),
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return response


def _in(request: HttpRequest, language: str) -> str:
    """This address in another language."""
    query = request.GET.copy()
    query["language"] = language
    return f"?{query.urlencode()}"
