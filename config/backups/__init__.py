"""Backups: a snapshot of the database, then all of the media folder, in one archive."""
