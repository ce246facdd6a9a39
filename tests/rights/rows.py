"""Who is answered what at every address of the site: one row for each address and method.

A code is what the right person meets; the rest follows from whose the address is. A POST of nothing
may be refused (400), asked again (200) or lead on (302): the door was open. A method without a row
is answered 405.
"""

from dataclasses import dataclass

from tests.rights.scene import ACTORS, RESEARCHERS

RIGHTS = ("view", "run", "unblind", "owner")


@dataclass(frozen=True)
class Row:
    """One address and method: the words of its arguments, and each actor's status code."""

    name: str
    method: str
    words: str
    codes: dict[str, int]


def _row(name: str, words: str, codes: dict[str, int], otherwise: int) -> Row:
    route, _, method = name.partition(" ")
    return Row(route, (method or "GET").lower(), words, dict.fromkeys(ACTORS, otherwise) | codes)


def open_to_all(name: str, code: int, words: str = "") -> Row:
    return _row(name, words, {}, code)


def of_researchers(name: str, code: int, words: str = "") -> Row:
    return _row(name, words, dict.fromkeys(RESEARCHERS, code), 404)


def own(name: str, code: int, words: str) -> Row:
    """What belongs to one researcher: there is nothing for everybody else."""
    return _row(name, words, {"owner": code}, 404)


def by_link(actor: str, name: str, code: int, words: str = "") -> Row:
    """Only who holds this kind of link gets in, whoever is signed in."""
    return _row(name, f"token {words}".strip(), {actor: code}, 404)


def of_visitor(name: str, code: int, words: str) -> Row:
    return _row(name, f"upload {words}".strip(), {"visitor": code}, 404)


def _by_right(least: str, code: int) -> dict[str, int]:
    reached = RIGHTS.index(least)
    return {right: code if RIGHTS.index(right) >= reached else 403 for right in RIGHTS}


def of_study(name: str, least: str, code: int, words: str = "", *, study: str = "study") -> Row:
    """The least right that opens it; colleagues with less are told so, all others nothing."""
    return _row(name, f"{study} {words}".strip(), _by_right(least, code), 404)


def rest(name: str, code: int, words: str = "") -> Row:
    return _row(name, words, dict.fromkeys(RESEARCHERS, code), 401)


def rest_own(name: str, code: int, words: str) -> Row:
    return _row(name, words, dict.fromkeys(RESEARCHERS, 404) | {"owner": code}, 401)


def rest_of_study(name: str, least: str, code: int, words: str = "study") -> Row:
    return _row(name, words, {"other": 404} | _by_right(least, code), 401)


SITE = [
    open_to_all("home", 200),
    open_to_all("login", 200),
    open_to_all("login POST", 200),
    open_to_all("logout POST", 302),
    open_to_all("healthz", 200),
    open_to_all("readyz", 200),
    open_to_all("models", 200),
    open_to_all("model", 200, "differential"),
    open_to_all("advise", 200),
    open_to_all("advise POST", 400),
    # For who runs the site, and for nobody of these.
    open_to_all("audit", 404),
    open_to_all("audit POST", 404),
    of_researchers("jobs", 200),
    own("job", 200, "job"),
    own("job-stop POST", 302, "job"),
    own("job-retry POST", 302, "job"),
    of_visitor("advise-upload", 200, ""),
    # Its stems are not read yet.
    of_visitor("advise-upload-stem", 404, "drums"),
    of_visitor("advise-upload-balance", 404, "json"),
    of_visitor("advise-delete POST", 302, ""),
    of_researchers("advise-excerpt", 200, "heard"),
    of_researchers("advise-excerpt POST", 302, "heard"),
    of_researchers("advise-excerpt-balance", 404, "heard exe"),
]

LINKS = [
    by_link("annotator", "queue", 302),
    by_link("annotator", "welcome", 302),
    by_link("annotator", "welcome POST", 302),
    by_link("annotator", "annotator-language POST", 400),
    by_link("annotator", "person-data", 200),
    by_link("annotator", "annotator-withdraw", 200),
    by_link("annotator", "annotator-withdraw POST", 400),
    by_link("annotator", "next POST", 302),
    by_link("annotator", "headphones", 200),
    by_link("annotator", "headphones-start POST", 302),
    by_link("annotator", "headphones-sound", 200, "attempt 1"),
    by_link("annotator", "headphones-answers POST", 400, "attempt"),
    by_link("annotator", "mixer", 302, "assignment"),
    by_link("annotator", "save POST", 400, "assignment"),
    # The row has no audio behind it.
    by_link("annotator", "stem-audio", 404, "assignment drums"),
    # Who takes part already is led back.
    _row("part-join", "study", {"participant": 302}, 200),
    open_to_all("part-join POST", 302, "study"),
    by_link("participant", "part-home", 302),
    by_link("participant", "part-consent", 302),
    by_link("participant", "part-consent POST", 302),
    by_link("participant", "part-questionnaire", 302),
    by_link("participant", "part-questionnaire POST", 302),
    by_link("participant", "part-volume", 302),
    by_link("participant", "part-volume POST", 302),
    by_link("participant", "part-calibration", 302),
    by_link("participant", "part-calibration POST", 302),
    by_link("participant", "part-headphones", 302),
    by_link("participant", "part-headphones-begin POST", 302),
    by_link("participant", "part-headphones-go-on POST", 302),
    by_link("participant", "part-headphones-sound", 404, "attempt 1"),
    by_link("participant", "part-headphones-answers POST", 404, "attempt"),
    by_link("participant", "part-instructions", 302),
    by_link("participant", "part-instructions POST", 302),
    by_link("participant", "part-trials", 302),
    by_link("participant", "part-trials POST", 302),
    by_link("participant", "part-trial", 200, "trial"),
    by_link("participant", "part-save POST", 400, "trial"),
    by_link("participant", "part-sound", 200, "trial 1"),
    by_link("participant", "part-debriefing", 302),
    by_link("participant", "part-debriefing POST", 302),
    by_link("participant", "part-done", 302),
    by_link("participant", "part-data", 200),
    by_link("participant", "part-withdraw", 200),
    by_link("participant", "part-withdraw POST", 400),
    by_link("expert", "expert", 200),
    by_link("expert", "expert-task", 200, "task"),
    by_link("expert", "expert-task POST", 200, "task"),
    by_link("expert", "expert-stem", 200, "task drums"),
]

CAMPAIGNS = [
    of_researchers("songs", 200),
    of_researchers("songs-import", 200),
    of_researchers("songs-import POST", 400),
    of_researchers("songs-import-folder POST", 400),
    of_researchers("song", 200, "song"),
    of_researchers("excerpt-cut POST", 400, "song"),
    of_researchers("song-stem", 404, "song mixture"),
    of_researchers("excerpt-stem", 404, "excerpt mixture"),
    of_researchers("excerpt-stem", 200, "heard drums"),
    of_researchers("campaigns", 200),
    of_researchers("campaign-new", 200),
    of_researchers("campaign-new POST", 400),
    own("campaign", 200, "campaign"),
    own("campaign-open POST", 302, "campaign"),
    own("campaign-close POST", 302, "campaign"),
    own("campaign-export", 200, "campaign csv"),
    own("people", 200, "campaign"),
    own("invite POST", 400, "campaign"),
    own("revoke POST", 302, "campaign annotator"),
    own("replay", 200, "campaign assignment"),
    own("consensus", 200, "campaign"),
    own("consensus-rules POST", 400, "campaign"),
    own("consensus-freeze POST", 302, "campaign"),
    own("consensus-item", 200, "campaign item"),
    own("consensus-decide POST", 400, "campaign item"),
    of_researchers("experts", 200),
    of_researchers("experts POST", 200),
    own("expert-revoke POST", 302, "expert"),
]

STUDIES = [
    of_researchers("studies", 200),
    of_researchers("study-new", 200),
    of_researchers("study-new POST", 200),
    of_researchers("study-import", 200),
    of_researchers("study-import POST", 200),
    of_researchers("power", 200),
    of_researchers("power-simulate POST", 400),
    of_study("study-edit", "view", 200),
    of_study("study-edit", "view", 200, study="draft"),
    of_study("study-edit POST", "owner", 400, study="draft"),
    of_study("study-check POST", "owner", 200, study="draft"),
    of_study("study-toml", "owner", 200, study="draft"),
    of_study("study-toml POST", "owner", 400, study="draft"),
    of_study("study-spec", "view", 200, "toml"),
    of_study("study-archive", "owner", 200),
    of_study("study-preview", "view", 200),
    of_study("study-preview-trial", "view", 200),
    of_study("study-preview-trial POST", "view", 200),
    of_study("study-preview-save POST", "view", 400),
    of_study("study-preview-sound", "view", 200),
    of_study("study-proof", "view", 200),
    of_study("study-prepare POST", "owner", 302, study="draft"),
    of_study("study-proof-change POST", "owner", 404, "1 1", study="draft"),
    of_study("study-proof-sound", "view", 404, "1 1", study="draft"),
    of_study("study-open", "owner", 200, study="draft"),
    of_study("study-open POST", "owner", 400, study="draft"),
    of_study("study-new-version POST", "owner", 302),
    of_study("study-clone", "view", 200),
    of_study("study-clone POST", "view", 200),
    of_study("study-share", "owner", 200),
    of_study("study-share POST", "owner", 200),
    of_study("study-unshare POST", "owner", 404),
    of_study("study-dashboard", "view", 200),
    of_study("study-pause POST", "run", 302),
    of_study("study-resume POST", "run", 302),
    of_study("study-close POST", "run", 302),
    of_study("study-audit", "view", 200),
    of_study("study-people", "view", 200),
    of_study("study-accept POST", "run", 302),
    of_study("study-person", "view", 200, "rater"),
    of_study("study-review POST", "run", 400, "rater"),
    of_study("study-exclusions", "view", 200),
    of_study("study-exclusions POST", "run", 400),
    of_study("study-unblind", "view", 200),
    of_study("study-unblind POST", "unblind", 400),
    of_study("study-exports", "view", 200),
    of_study("study-exports POST", "run", 400),
    of_study("study-export-take", "run", 200, "export"),
    of_study("study-judges", "view", 200),
    of_study("study-judges POST", "run", 400),
    # Nothing was priced.
    of_study("study-judge-start POST", "run", 404),
    of_study("study-judge-rubric POST", "run", 302),
    of_study("study-judge", "view", 200, "judge"),
    of_study("study-judge-trial", "run", 200, "judge 1"),
    of_study("study-report", "view", 200),
    of_study("study-report POST", "run", 302),
    of_study("study-report-show", "view", 200, "report"),
    of_study("study-report-take", "run", 200, "report"),
]

REST = [
    rest("api-root", 200),
    rest("api-schema", 200),
    # The one address of REST at which one shows name and password.
    _row("api-token POST", "", dict.fromkeys(("annotator", "participant", "expert"), 401), 400),
    rest("api-song-list", 200),
    rest("api-song-detail", 200, "song"),
    rest("api-song-detail PUT", 400, "song"),
    rest("api-song-detail PATCH", 200, "song"),
    rest("api-excerpt-list", 200),
    rest("api-excerpt-detail", 200, "excerpt"),
    rest("api-campaign-list", 200),
    rest("api-campaign-list POST", 400),
    rest_own("api-campaign-detail", 200, "campaign"),
    rest_own("api-campaign-open- POST", 200, "campaign"),
    rest_own("api-campaign-close POST", 200, "campaign"),
    rest("api-annotation-list", 200),
    rest("api-consensus-list", 200),
    rest_own("api-consensus-detail", 200, "consensus"),
    rest("api-study-list", 200),
    rest("api-study-list POST", 400),
    rest("api-study-spec-schema", 200),
    rest_of_study("api-study-detail", "view", 200),
    rest_of_study("api-study-detail PUT", "owner", 400, "draft"),
    rest_of_study("api-study-freeze POST", "owner", 409, "draft"),
    rest_of_study("api-study-pause POST", "run", 200),
    rest_of_study("api-study-resume POST", "run", 409),
    rest_of_study("api-study-close POST", "run", 200),
    rest_of_study("api-study-new-version POST", "owner", 200),
    rest_of_study("api-study-clone POST", "view", 400),
    rest_of_study("api-study-members", "owner", 200),
    rest_of_study("api-study-members POST", "owner", 400),
    rest_of_study("api-study-items", "view", 200),
]

ROWS = [*SITE, *LINKS, *CAMPAIGNS, *STUDIES, *REST]
