"""What the worker does for this package. Each is safe to run twice."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from annotate.background import JobStoppedError, Report
from annotate.fields import StemValues
from annotate.media import media_folder
from annotate.models import Excerpt
from modeling.audio import AudioError
from studies import asking
from studies.llm import configured_endpoint
from studies.models import StudyVersion, Upload
from studies.services import advising, uploads
from studies.services.judge_plans import JudgePlan
from studies.services.judges import JudgeError
from studies.services.refusing import Refused


def advise_on_upload(report: Report, *, upload: str) -> dict[str, Any]:
    """Read a visitor's stems in a limited process, then ask every system."""
    row = Upload.objects.filter(key=upload).first()
    if row is None:
        return {"refused": {}}  # deleted by its visitor before its turn came
    report(0.0, _("Reading the stems"))
    uploads.read(row, report)
    if row.state == Upload.State.FAILED or not Upload.objects.filter(pk=row.pk).exists():
        return {"refused": {}}
    try:
        refused = advising.ask_all(
            row, problem_db=None, now=timezone.now(), report=report, share=(0.6, 1.0)
        )
    except (AudioError, IntegrityError):
        if Upload.objects.filter(pk=row.pk).exists():
            raise
        return {"refused": {}}  # deleted while its systems were being asked
    return {"refused": refused}


def advise_on_excerpt(report: Report, *, excerpt: str, problem_db: StemValues) -> dict[str, Any]:
    """Ask every system about an excerpt of the library at a balance."""
    row = Excerpt.objects.select_related("song").get(key=excerpt)
    with configured_endpoint(media_folder("endpoint"), asking.seed_of(excerpt)) as endpoint:
        refused = advising.ask_all(
            row, problem_db=problem_db, now=timezone.now(), report=report, endpoint=endpoint
        )
    return {"refused": refused}


def remove_expired_uploads(report: Report) -> dict[str, Any]:
    """Forget the stems whose time is over."""
    return {"removed": uploads.remove_expired(timezone.now())}


def remove_old_exports(report: Report) -> dict[str, Any]:
    """Remove the exports whose day is over."""
    from studies.services import large_exports

    return {"removed": large_exports.remove_old(timezone.now())}


def remove_personal_data(report: Report) -> dict[str, Any]:
    """Forget who people were where that is due; nothing where no time is set."""
    from studies.services.retention import remove_personal_data as remove

    keep_days = settings.PERSONAL_DATA_KEEP_DAYS
    due = remove(timezone.now(), keep_days=keep_days) if keep_days else []
    return {"people": sum(one.people for one in due)}


def prepare_study(report: Report, *, version: int) -> dict[str, Any]:
    """Items, advice and audio of a draft, as far as they are missing."""
    from studies.services.preparing import prepare

    row = StudyVersion.objects.select_related("study").get(pk=version)
    return prepare(row, report=report, now=timezone.now())


def import_study(report: Report, *, file: str, owner: int) -> dict[str, Any]:
    """A study from an archive that was uploaded to the media folder; the file goes either way."""
    from studies.services.study_files import import_study as read

    path = media_folder("study-imports") / file
    report(0.1, _("Reading the archive"))
    try:
        study = read(path, get_user_model().objects.get(pk=owner), timezone.now())
    except Refused as error:
        raise Refused(str(error).replace(str(path), _("The archive"))) from None
    finally:
        path.unlink(missing_ok=True)
    return {"study": study.key}


def price_judge(report: Report, *, version: int, plan: dict[str, Any]) -> dict[str, Any]:
    """What a run of a judge would cost at most; nothing is sent."""
    from studies.services.judge_work import judge_at_work

    with judge_at_work(_version(version), JudgePlan(**plan)) as at_work:
        return at_work.price(_counted(report, _("Pricing")))


def run_judge(report: Report, *, version: int, plan: dict[str, Any]) -> dict[str, Any]:
    """Let a judge answer what it has not yet. What is paid for is stored, so it goes on where it
    was; a spent budget or a refused key fails the job with the rest left open."""
    from studies.services.judge_work import judge_at_work, run_rubric

    row, asked = _version(version), JudgePlan(**plan)
    counted = _counted(report, _("Judging"))
    if asked.is_rubric:
        return run_rubric(row, counted)
    with judge_at_work(row, asked) as at_work:
        report(0.0, _("Making the trials"))
        rater, trials = at_work.trials()
        outcome = at_work.run(rater, trials, counted)
    if outcome.was_asked_to_stop:
        raise JobStoppedError(vars(outcome))
    if outcome.stopped:
        raise JudgeError(
            _("%(why)s (%(n)d trials judged, %(left)d left)")
            % {"why": outcome.stopped, "n": outcome.judged, "left": outcome.left}
        )
    return dict(vars(outcome))


def _version(pk: int) -> StudyVersion:
    return StudyVersion.objects.select_related("study").get(pk=pk)


def _counted(report: Report, doing: str) -> Callable[[int, int], None]:
    def told(done: int, total: int) -> None:
        words = _("%(doing)s: %(done)d of %(total)d trials")
        message = words % {"doing": doing, "done": done, "total": total}
        report(done / max(1, total), message)

    return told


def simulate_power(report: Report, **asked: Any) -> dict[str, Any]:
    """Power of a design, by simulation."""
    from studies.services.power import simulate_power as simulate

    return simulate(report, **asked)


def write_report(report: Report, *, key: str) -> dict[str, Any]:
    """Write a report's folder."""
    from studies.models import Report as Row
    from studies.services import reports

    reports.write(Row.objects.select_related("version__study", "by").get(key=key), report)
    return {"report": key}


def write_export(report: Report, *, key: str) -> dict[str, Any]:
    """Write an export's file."""
    from studies.models import Export as Row
    from studies.services import large_exports

    row = Row.objects.select_related("version__study", "by").get(key=key)
    large_exports.write(row, report)
    return {"export": key, "bytes": row.n_bytes}
