"""A snapshot of the database into a file, and back, by the means of the engine itself."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config.backups.archive import BackupError

# What migrations and a waiting worker write by themselves.
NOT_COUNTED = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "django_session",
    "config_worker",
    "sqlite_sequence",
}


def file_name() -> str:
    return "database.sqlite3" if connection.vendor == "sqlite" else "database.dump"


def applied_migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def code_migrations() -> set[str]:
    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}


def unknown_migrations(migrations: list[str]) -> list[str]:
    """Those that this code does not have: the database is of a newer version."""
    return sorted(set(migrations) - code_migrations())


def filled_tables() -> list[str]:
    """Tables with rows that somebody made."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table not in NOT_COUNTED:
                cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608
                found += [table] if cursor.fetchone() else []
    return found


def dump(target: Path) -> None:
    """All that was committed before, as of one moment; writers are not held up."""
    if connection.vendor == "sqlite":
        with (
            closing(sqlite3.connect(_sqlite_file())) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        return
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def load(source: Path) -> None:
    """Put the snapshot in the place of what is there: all of it, or nothing is changed."""
    connection.close()
    if connection.vendor == "sqlite":
        _load_sqlite(source)
    else:
        _load_postgresql(source)


def _sqlite_file() -> Path:
    return Path(connection.settings_dict["NAME"])


def _load_sqlite(source: Path) -> None:
    target = _sqlite_file()
    try:
        with closing(sqlite3.connect(source)) as read:
            (answer,) = read.execute("PRAGMA quick_check").fetchone()
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer != "ok":
        raise BackupError(f"the database of this backup is damaged: {answer}")
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file, source.open("rb") as content:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        # Of the old database: on the new one they would be taken for its own.
        for ending in ("-wal", "-shm"):
            Path(f"{target}{ending}").unlink(missing_ok=True)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _load_postgresql(source: Path) -> None:
    with connection.cursor() as cursor:
        tables = [table.name for table in connection.introspection.get_table_list(cursor)]
    connection.close()
    drop = "".join(f"DROP TABLE {connection.ops.quote_name(t)} CASCADE;" for t in tables)
    script = source.with_suffix(".sql")
    # One transaction for both, so that a fault leaves the old database.
    _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(source), to=None)
    _run(
        *("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"),
        *("--output=/dev/null", f"--command={drop or 'SELECT 1'}", f"--file={script}"),
    )


def _run(program: str, *arguments: str, to: str | None = "the database") -> None:
    """A program of PostgreSQL on the site's database; its password is in the environment alone."""
    words, more = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    place = words[1:] if to else []
    try:
        done = subprocess.run(
            [program, *arguments, *place],
            env={**os.environ, **(more or {})},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise BackupError(f"{program} is missing: install PostgreSQL's client") from None
    if done.returncode:
        told = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise BackupError(f"{program} failed: {told[-1] if len(told) == 1 else ' '.join(told[:3])}")
