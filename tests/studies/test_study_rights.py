"""What strangers and colleagues are told of a study; who may do what is in tests/rights/rows.py."""

from typing import Any

from django.urls import get_resolver, reverse

from tests.studies.design_cast import everybody
from tests.studies.study_cast import make_study


def study_routes() -> list[Any]:
    """(name, arguments behind the key) of every address of one study, on pages and in REST."""
    routes = []
    for name, found in get_resolver().reverse_dict.items():
        if isinstance(name, str) and name.startswith(("study-", "api-study-")):
            parameters = found[0][0][1]
            if parameters and parameters[0] == "key":
                numbers = {"item", "stimulus", "number", "position"}
                more = [1 if one in numbers else "x" for one in parameters[1:] if one != "format"]
                routes.append((name, more))
    return sorted(routes)


def test_no_address_of_a_study_tells_a_stranger_that_it_is_there(db: None) -> None:
    study = make_study(songs=2)
    clients = everybody(study)
    told = {}
    routes = study_routes()
    for name, more in routes:
        address = reverse(name, args=[study.key, *more])
        for who in ("stranger", "anonymous"):
            for method in ("get", "post"):
                told[name, who, method] = getattr(clients[who], method)(address).status_code
    assert len(routes) > 40
    hidden = {404, 401, 405}
    assert {key: code for key, code in told.items() if code not in hidden} == {}
    assert {key[0] for key, code in told.items() if code == 404} == {name for name, _ in routes}


def test_whoever_has_too_few_rights_is_told_whose_study_it_is(db: None) -> None:
    study = make_study(songs=2)
    answered = everybody(study)["run"].get(reverse("study-share", args=[study.key]))
    assert answered.status_code == 403
    assert study.owner.username in answered.content.decode()
