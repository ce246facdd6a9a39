"""Who advises, what each hears, how it was made and how well it does."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from studies import cards, evaluations


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    tables = cards.evaluation(settings.CHECKPOINTS)
    context = {
        "pages": cards.card_pages(settings.CHECKPOINTS),
        "tables": tables,
        "own": evaluations.newest(settings.EVALUATIONS),
    }
    return render(request, "studies/models.html", context)


@require_safe
def card(request: HttpRequest, name: str) -> HttpResponse:
    try:
        page = cards.card_page(name, settings.CHECKPOINTS)
    except KeyError as error:
        raise Http404 from error
    rows = [
        (table, row)
        for table in cards.evaluation(settings.CHECKPOINTS)
        for row in table.rows
        if row.name == name
    ]
    recorded = evaluations.recorded(page.card) if page.card else None
    context = {"page": page, "rows": rows, "recorded": recorded}
    return render(request, "studies/model.html", context)
