"""`manage.py create_study SPEC.toml`: a study from its spec, as a draft."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from annotate.management.command import GainsayCommand, find_user
from studies.models import StudyVersion
from studies.protocol.lists import ImpossibleDesignError, make_lists
from studies.protocol.reading import SpecError, preset_names, read_toml
from studies.protocol.spec import Spec
from studies.services.designing import create_study
from studies.services.items import design_of, prepare_items
from studies.services.refusing import Refused


class Command(GainsayCommand):
    help = (
        "Create a study from a TOML file (docs/study-spec.md), checked as a whole: nothing is made "
        "of a design that cannot be run. Next: generate_advice. Presets: "
        + ", ".join(preset_names())
        + "."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("spec", type=Path, metavar="SPEC.toml")
        parser.add_argument("--owner", required=True, help="account that owns it")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = find_user(options["owner"])
        try:
            version = _create(owner, read_toml(options["spec"]))
        except SpecError as error:
            raise CommandError(str(error)) from None
        except (Refused, ImpossibleDesignError) as error:
            raise CommandError(f"{options['spec']}: {error}") from None
        counts = {
            kind: version.items.filter(kind=kind).count()
            for kind in ("main", "training", "attention")
        }
        study = version.study
        result = {"study": study.key, "title": study.title, "version": 1, "items": counts}
        items = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        self.answer(
            result,
            as_json=options["json"],
            lines=[f"study {study.key}: {study.title} (draft; items: {items})"],
        )


@transaction.atomic
def _create(owner: Any, spec: Spec) -> StudyVersion:
    now = timezone.now()
    version = create_study(owner, spec, now).latest
    prepare_items(version, now)
    make_lists(design_of(version, spec), spec.order, spec.seed)
    return version
