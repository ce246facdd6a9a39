"""What a researcher asked for and cannot have: one line that says why and what to do."""


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of the site
    """One line for the person who asked."""
