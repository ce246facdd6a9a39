"""Django's language, time zone, address and cache of a request, without the locks around them."""

from asgiref.local import Local
from django.core.cache import caches
from django.urls import base
from django.utils import timezone
from django.utils.translation import trans_real

PLACES = (
    (trans_real, "_active"),
    (timezone, "_active"),
    (base, "_prefixes"),
    (base, "_urlconfs"),
    (caches, "_connections"),
)


def without_locks() -> None:
    """Give each thread places of its own for these, before the first request.

    Django keeps them in `Local()`, which takes one lock for all threads at every look, some hundred
    times a page. With many threads, one that is set aside while it holds the lock stops all others:
    under the load of a lab a third of their time went there. `thread_critical` is asgiref's word
    for the same without a lock, where nothing is handed on between threads; we have no async views.
    """
    for place, name in PLACES:
        getattr(place, name)  # fails where a Django of tomorrow keeps it elsewhere
        setattr(place, name, Local(thread_critical=True))
