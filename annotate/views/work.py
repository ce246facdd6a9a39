"""Background work that a page has asked for: ?job=KEY names it, the page shows how far it is."""

from typing import Any

from django.apps import apps
from django.http import HttpResponseRedirect
from django.utils.http import urlencode

from annotate.views.access import ResearcherRequest


def job_of(request: ResearcherRequest) -> Any:
    """The job named by the address when this researcher asked for it, else None."""
    key = request.GET.get("job")
    # No key holds a NUL, and PostgreSQL refuses to look for one.
    if not key or "\0" in key:
        return None
    # The row lives in `config`, to the left of this package: reached through the registry.
    jobs: Any = apps.get_model("config", "Job").objects
    return jobs.filter(owner=request.user, key=key).first()


def show_job(address: str, key: str, *, anchor: str = "") -> HttpResponseRedirect:
    """Back to a page, which follows this job."""
    join = "&" if "?" in address else "?"
    return HttpResponseRedirect(f"{address}{join}{urlencode({'job': key})}{anchor}")
