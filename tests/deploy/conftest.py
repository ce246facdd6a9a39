"""A site as it runs on the internet: gunicorn with the production settings behind nginx."""

from tests.annotate.conftest import media, researcher

__all__ = ["media", "researcher"]
