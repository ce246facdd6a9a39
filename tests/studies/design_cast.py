"""Who meets a study's pages, and its builder's form as a browser would send it."""

from html.parser import HTMLParser
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from studies.models import Study
from studies.services import designing
from tests.studies.conftest import NOW

RIGHTS = ("view", "run", "unblind")


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def everybody(study: Study) -> dict[str, Client]:
    """A client for the owner, a member with each right, a stranger, and nobody."""
    users = get_user_model().objects
    clients = {"anonymous": Client(), "owner": client_of(study.owner)}
    clients["stranger"] = client_of(users.create_user("a stranger"))
    for right in RIGHTS:
        colleague = users.create_user(f"may {right}")
        designing.share(study, colleague, right, study.owner, NOW)
        clients[right] = client_of(colleague)
    return clients


class _Form(HTMLParser):
    """The fields of one form as a browser would send them."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside = form_id, False
        self.fields: list[tuple[str, str]] = []
        self.select = self.textarea = ""
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == self.form_id
        if not self.inside:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.fields.append((given.get("name") or "", given.get("value") or ""))
        elif tag == "select":
            self.select = given["name"]
        elif tag == "option" and "selected" in given:
            self.fields.append((self.select, given["value"]))
        elif tag == "textarea":
            self.textarea, self.text = given["name"], ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.textarea:
            self.fields.append((self.textarea, self.text))
            self.textarea = ""
        if tag == "form":
            self.inside = False


def form_fields(page: str, form_id: str = "builder") -> dict[str, Any]:
    """What a browser would send of a page's form: values by name, all of them."""
    form = _Form(form_id)
    form.feed(page)
    fields: dict[str, Any] = {}
    for name, value in form.fields:
        if name and name != "csrfmiddlewaretoken":
            fields.setdefault(name, []).append(value)
    return fields
