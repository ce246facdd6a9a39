"""Words in another language than their page say so, for screen readers and hyphenation."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def lang_mark(language: str) -> SafeString:
    """The attribute of what is written in a language; nothing where the page is in it."""
    if not language or language == get_language():
        return SafeString("")
    return format_html(' lang="{}"', language)


@register.simple_tag(takes_context=True)
def lang_of(context: Mapping[str, Any], text: object) -> SafeString:
    """The attribute of a study's text: one that is there once for all is in its first language."""
    spec = context.get("spec")
    if spec is None or not getattr(text, "is_for_all", False):
        return SafeString("")
    return lang_mark(spec.languages[0])
