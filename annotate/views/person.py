"""What an annotator has a right to: seeing what is stored of them, and withdrawing."""

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from annotate.models import Annotator
from annotate.services import withdrawing
from annotate.services.person_export import person_data
from annotate.views.annotator import annotator_page

FOLDER = "annotate/annotator"


class WithdrawForm(forms.Form):
    sure = forms.BooleanField(label=_("Yes, delete my personal data and end my part in this."))


@require_safe
@annotator_page
def data(request: HttpRequest, annotator: Annotator, token: str) -> HttpResponse:
    """All that is stored of this annotator, as a file."""
    response = JsonResponse(person_data(annotator), json_dumps_params={"indent": 1})
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@annotator_page
def withdraw(request: HttpRequest, annotator: Annotator, token: str) -> HttpResponse:
    """Open at any time, even when the campaign is closed."""
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        withdrawing.withdraw(annotator=annotator, now=timezone.now())
        return render(request, f"{FOLDER}/withdrawn.html")
    context = {"form": form, "token": token}
    status = 400 if form.is_bound else 200
    return render(request, f"{FOLDER}/withdraw.html", context, status=status)
