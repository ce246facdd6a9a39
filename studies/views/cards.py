"""Who advises, what each hears, how it was made and how well it does."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from studies import cards


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    context = {"pages": cards.card_pages(), "tables": cards.evaluation()}
    return render(request, "studies/models.html", context)


@require_safe
def card(request: HttpRequest, name: str) -> HttpResponse:
    try:
        page = cards.card_page(name)
    except KeyError as error:
        raise Http404 from error
    rows = [(table, row) for table in cards.evaluation() for row in table.rows if row.name == name]
    return render(request, "studies/model.html", {"page": page, "rows": rows})
