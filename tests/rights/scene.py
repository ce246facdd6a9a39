"""A site with one of everything that an address can name, and everybody who could ask for it."""

import copy
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.signing import get_cookie_signer
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token

from annotate.models import Annotator, Campaign, Consensus
from annotate.services import people
from annotate.services.assigning import next_assignment
from config.models import Job
from studies.models import Export, Report, StudyVersion, Upload
from studies.models.uploads import visitor_hash
from studies.services import designing, experts, judges, reports
from studies.views import visitors
from tests.annotate.conftest import NOW, join
from tests.studies.study_cast import make_study, open_study
from tests.studies.walking import arrived

# Colleagues are those of the study, each with the right that names them; "other" is a researcher
# of the same site. Annotator, participant and expert hold a link; the visitor brought stems.
RESEARCHERS = ("owner", "unblind", "run", "view", "other")
LINKED = ("annotator", "participant", "expert")
ACTORS = (*RESEARCHERS, *LINKED, "visitor", "stranger")
FORGED = "a-forged-token-that-nobody-was-given-0123456789"


@dataclass
class Scene:
    """What addresses name, by the words that rows use; and a client for each of ACTORS."""

    named: dict[str, Any]
    clients: dict[str, Client]
    tokens: dict[str, str]

    def address(self, name: str, words: str, actor: str) -> str:
        """`token` is the actor's own, whatever it opens; who has none forges one."""
        args = [
            self.tokens.get(actor, FORGED) if word == "token" else self.named.get(word, word)
            for word in words.split()
        ]
        return reverse(name, args=args)

    def client(self, actor: str) -> Client:
        """A client of its own for one request: cookies of others do not come along."""
        known = self.clients[actor]
        client = Client(raise_request_exception=False)
        client.cookies = copy.deepcopy(known.cookies)
        client.defaults.update(known.defaults)
        return client


def build(campaign: Campaign) -> Scene:
    """`campaign` is open and has no annotator yet; its owner owns the study too."""
    owner = campaign.owner
    users = get_user_model().objects
    accounts = {"owner": owner, "other": users.create_user("other")}
    version = open_study(owner, songs=4)
    draft = make_study(owner, songs=2)
    for right in ("view", "run", "unblind"):
        accounts[right] = users.create_user(f"may {right}")
        for study in (version.study, draft):
            designing.share(study, accounts[right], right, owner, NOW)

    named: dict[str, Any] = {"study": version.study.key, "draft": draft.key}
    invitation = join(campaign)[0]
    assignment = next_assignment(annotator=invitation.annotator, now=NOW)
    assert assignment is not None
    Annotator.objects.filter(pk=invitation.annotator.pk).update(headphone_passed=None)
    attempt = people.start_headphones(annotator=invitation.annotator, now=NOW)
    consensus = Consensus.objects.create(
        campaign=campaign,
        version=1,
        rules={},
        seed=1,
        annotation_count=0,
        agreement={},
        software={},
        content_hash="0" * 64,
        frozen_at=NOW,
    )
    named |= {
        "campaign": campaign.key,
        "item": assignment.item.key,
        "excerpt": assignment.item.excerpt.key,
        "song": assignment.item.excerpt.song.key,
        "assignment": assignment.key,
        "annotator": invitation.annotator.key,
        "attempt": attempt.key,
        "consensus": consensus.key,
        "job": Job.objects.enqueue("compute_consensus", {}, owner_id=owner.pk).key,
    }

    participant = arrived(version)
    named |= {"trial": participant.trial()["key"], "rater": participant.rater.key}
    heard = next(iter(version.items.select_related("excerpt"))).excerpt
    guest = experts.invite(owner=owner, excerpts=[heard], count=1, seed=1, now=NOW)
    brought = Upload.objects.create(
        visitor_hash=visitor_hash("a-visitor"),
        title="Stems",
        created_at=NOW,
        expires_at=NOW.replace(year=2100),
    )
    named |= _written(version, owner)
    named |= {
        "judge": judges.run_rubric(version, NOW).number,
        "expert": guest.expert.key,
        "task": guest.expert.tasks.get().key,
        "heard": heard.key,
        "upload": brought.key,
    }

    tokens = {
        "annotator": invitation.token,
        "participant": participant.token,
        "expert": guest.token,
    }
    clients = _clients(accounts, tokens)
    clients["participant"].cookies = participant.client.cookies
    Token.objects.create(user=owner)
    return Scene(named=named, clients=clients, tokens=tokens)


def _written(version: StudyVersion, owner: Any) -> dict[str, str]:
    """What workers wrote of a study: a report and an export, the latter just now."""
    report = Report.objects.create(version=version, created_at=NOW, written_at=NOW, by=owner)
    report.folder.mkdir(parents=True)
    (report.folder / reports.PAGE).write_text("<!doctype html><title>A report</title>")
    now = timezone.now()
    dates = {"created_at": now, "written_at": now}
    export = Export.objects.create(
        version=version, what="json", file_name="study.json", by=owner, **dates
    )
    export.folder.mkdir(parents=True)
    export.path.write_text("{}")
    return {"report": report.key, "export": export.key}


def _clients(accounts: dict[str, Any], tokens: dict[str, str]) -> dict[str, Client]:
    """A browser of each actor: accounts signed in, the visitor with the cookie of their upload."""
    clients = {actor: Client() for actor in ACTORS}
    for actor, account in accounts.items():
        clients[actor].force_login(account)
    for actor, token in tokens.items():
        # A link is no token of REST, even where somebody sends it as one.
        clients[actor].defaults["HTTP_AUTHORIZATION"] = f"Token {token}"
    signer = get_cookie_signer(salt=visitors.COOKIE + visitors.SALT)
    clients["visitor"].cookies[visitors.COOKIE] = signer.sign("a-visitor")
    return clients
