"""The report of a study: a folder made from its export, of which it is a pure function."""
