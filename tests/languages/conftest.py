"""The casts of both ways."""

from tests.annotate.conftest import (  # noqa: F401
    annotator,
    campaign,
    heard_campaign,
    imported_song,
    invitation,
    make_campaign,
    make_excerpt,
    media,
    researcher,
)
