"""Small helps of this package's templates."""

from django import template

register = template.Library()


@register.filter
def in_format(address: str, format_: str) -> str:
    """The address of a download in another format: .../balance.json -> .../balance.csv."""
    return f"{address.rpartition('.')[0]}.{format_}"
