"""What our save is compared with: a Django view that does one INSERT and nothing else.

No sessions, no models, no checks; the same server, the same database settings, and a transaction
begun as ours are (IMMEDIATE on SQLite).
"""

import json

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

from config import databases, env

settings.configure(
    SECRET_KEY="for benchmarks only",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],  # sets Content-Length
    DATABASES={"default": databases.parse(env.text("DATABASE_URL"))},
)

TABLE = "CREATE TABLE bare_save (seq integer, events text)"
INSERT = "INSERT INTO bare_save (seq, events) VALUES (%s, %s)"


def make_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    connection.close()


def stored() -> int:
    """Rows in the table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bare_save")
        return int(cursor.fetchone()[0])


def save(request: HttpRequest) -> JsonResponse:
    payload = json.loads(request.body)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, [payload["seq"], json.dumps(payload["events"])])
    return JsonResponse({"saved_seq": payload["seq"]})


urlpatterns = [path("save/", save)]
application = get_wsgi_application()
