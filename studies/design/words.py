"""What the fields of a spec are called and what they do: on the builder's page and in docs."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = tuple[str | Promise, str | Promise]

# Path of the field: its label, and a sentence where the label is not enough.
WORDS: dict[str, Words] = {
    "schema": (_("Schema"), _("The version of this format.")),
    "preset": (_("Preset"), _("Fills in what the spec leaves out.")),
    "title": (_("Title"), _("Participants read it on every page: it must not tell the question.")),
    "description": (_("Description"), _("For researchers; participants never see it.")),
    "languages": (_("Languages"), _("Each text is then given in each of them.")),
    "seed": (_("Seed"), _("Draws the items and deals the lists; the same seed, the same study.")),
    "items.listed": (_("Listed items"), _("Excerpts chosen by hand, with the error of each.")),
    "items.listed[].excerpt": (_("Excerpt"), _("The key of an excerpt of the library.")),
    "items.listed[].error_db": (
        _("Error"),
        _("A move in dB from the reference balance for each stem that is moved; none is balanced."),
    ),
    "items.extra": (
        _("Excerpts for training and attention checks"),
        _("One a line; none given takes excerpts that no other item uses."),
    ),
    "items.draw.count": (_("How many"), _("Items drawn from the library for each block.")),
    "items.draw.songs": (_("Songs that match"), _("Words of title or artist; empty takes all.")),
    "items.draw.campaign": (
        _("Excerpts of a campaign"),
        _("Its key: then its excerpts, at its frozen consensus; empty takes the library."),
    ),
    "items.draw.balanced_share": (
        _("Share without an error"),
        _("From 0 to 1. Advice to leave a mix alone must have a chance to be right."),
    ),
    "items.draw.sizes_db": (_("Sizes of errors (dB)"), _("Equally often each; 1.5 to 12.")),
    "items.draw.stems": (_("Stems that are moved"), ""),
    "blocks": (_("Blocks"), _("Trials of one type, asked in the same way.")),
    "blocks[].key": (_("Key"), _("Small letters, digits, hyphens; exports use it.")),
    "blocks[].type": (_("Type of trial"), ""),
    "blocks[].title": (_("Heading"), _("What participants read above the block's trials.")),
    "blocks[].instructions": (_("Instructions of the block"), ""),
    "blocks[].systems": (_("Systems"), _("Whose advice or mixes are compared.")),
    "blocks[].contrasts": (_("Only these pairs"), _("None given: every pair.")),
    "blocks[].questions": (_("Questions"), ""),
    "blocks[].questions[].key": (_("Key"), _("The name of its column in exports.")),
    "blocks[].questions[].kind": (_("Kind"), ""),
    "blocks[].questions[].text": (_("Question"), ""),
    "blocks[].questions[].help": (_("Help below it"), ""),
    "blocks[].questions[].required": (_("An answer is needed"), ""),
    "blocks[].questions[].low": (_("Lowest"), ""),
    "blocks[].questions[].high": (_("Highest"), ""),
    "blocks[].questions[].step": (_("Step"), ""),
    "blocks[].questions[].low_label": (_("Words at the lowest"), ""),
    "blocks[].questions[].high_label": (_("Words at the highest"), ""),
    "blocks[].questions[].tie": (_("“About the same” may be answered"), ""),
    "blocks[].questions[].both_bad": (
        _("“Both are bad” may be answered"),
        _("Kept apart from a tie."),
    ),
    "blocks[].questions[].max_length": (_("Longest answer (characters)"), ""),
    "blocks[].advice.reasons": (_("Advice gives its reasons"), ""),
    "blocks[].advice.self_check": (_("Systems check their advice before it is given"), ""),
    "blocks[].advice.min_words": (_("Fewest words"), ""),
    "blocks[].advice.max_words": (
        _("Most words"),
        _("The same band for all systems: lengths cannot be hidden."),
    ),
    "blocks[].advice.language": (
        _("Language of the advice"),
        _("What it is written in: systems write English, whatever the study's languages are."),
    ),
    "blocks[].hear_after": (
        _("The mix after the advice is heard"),
        _("“After the answers”: the text is judged first and locked, then both are stored."),
    ),
    "blocks[].include_problem": (_("The problem mix stands among those rated"), ""),
    "blocks[].include_reference": (_("The reference stands among those rated"), ""),
    "blocks[].hidden_reference": (_("Hidden reference"), _("MUSHRA-like trials need one.")),
    "blocks[].anchors": (_("Anchors"), _("Made on the server.")),
    "blocks[].anchor_error_db": (_("Size of the known error (dB)"), ""),
    "blocks[].dry_stems": (_("The four dry stems can be heard beside them"), _("Never rated.")),
    "blocks[].ranked": (_("What is ranked"), ""),
    "order.participants": (_("Participants"), _("As many lists are dealt, one for each.")),
    "order.trials_per_person": (_("Trials a person"), _("Without training, checks and repeats.")),
    "order.overlap": (_("Overlap"), _("How many people judge each comparison, at least.")),
    "order.repeats": (_("Repeats a person"), _("The same trial, sides turned: self-consistency.")),
    "order.blocks": (_("Order of the blocks"), ""),
    "order.lease_minutes": (
        _("Lease (minutes)"),
        _("A list that nobody works on for so long goes to somebody else."),
    ),
    "order.back": (_("Going back"), ""),
    "order.longest_minutes": (_("Longest sitting (minutes)"), _("45 is the most that ears take.")),
    "gates.questionnaire": (_("Questionnaire"), ""),
    "gates.volume": (_("Volume is set once, before anything is heard"), ""),
    "gates.headphones.check": (_("Headphone check"), ""),
    "gates.headphones.policy": (_("Who fails it"), ""),
    "gates.training.trials": (_("Training trials"), _("Task and controls, never who is better.")),
    "gates.training.policy": (_("Who fails them"), ""),
    "gates.attention.trials": (_("Attention checks"), _("Trials whose answer is known.")),
    "gates.attention.required": (_("Of which right"), ""),
    "gates.attention.policy": (_("Who misses them"), ""),
    "gates.attention.end_early": (_("The sitting ends at once for whom they exclude"), ""),
    "gates.listening.seconds": (
        _("Listening before an answer (s)"),
        _("Of the problem mix, or of every mix compared."),
    ),
    "gates.listening.policy": (_("Who listened less"), ""),
    "gates.calibration": (_("Lab: pink noise sets the level, once for each device"), ""),
    "texts.consent": (_("Consent"), _("What is asked, stored and published, and whom to ask.")),
    "texts.title": (
        _("Title by language"),
        _("What participants read in place of the title; it must not tell the question."),
    ),
    "texts.welcome": (_("Welcome"), ""),
    "texts.instructions": (_("Instructions"), ""),
    "texts.debriefing": (_("Debriefing"), _("Read after the last answer.")),
    "texts.contact": (_("Contact"), _("Whom to ask, and how to withdraw.")),
    "audio.target_lufs": (
        _("Loudness of every mix (LUFS)"),
        _("All versions of a trial are brought to it, under -1 dBTP."),
    ),
    "crowd.platform": (_("Platform"), ""),
    "crowd.person_parameter": (_("Parameter that names the person"), "PROLIFIC_PID"),
    "crowd.session_parameter": (_("Parameter that names the session"), "SESSION_ID"),
    "crowd.return_url": (_("Address to go back to"), _("https://…; {code} stands for the code.")),
    "crowd.complete_code": (_("Code: complete"), ""),
    "crowd.screened_out_code": (_("Code: screened out"), ""),
    "crowd.attention_failed_code": (_("Code: attention failed"), ""),
    "plan.hypothesis": (_("Hypothesis"), ""),
    "plan.primary.block": (_("Primary outcome: block"), _("All else is exploratory.")),
    "plan.primary.question": (_("Primary outcome: question"), ""),
    "plan.primary.contrast": (_("Contrast"), _("Two systems; empty compares all.")),
    "plan.primary.model": (_("Model"), ""),
    "plan.primary.cluster": (_("Unit of clustering"), ""),
    "plan.sample_size": (_("Sample size"), _("Complete participants.")),
    "plan.stopping_rule": (_("Stopping rule"), _("Where there is no fixed sample size.")),
    "plan.alpha": (_("Alpha"), ""),
    "plan.family": (_("Family"), _("Questions that are corrected together: their keys.")),
    "plan.smallest_effect": (_("Smallest effect of interest"), ""),
    "plan.exclusions": (_("Exclusion rules"), _("The primary set; results show both.")),
    "plan.exclusions[].rule": (_("Rule"), ""),
    "plan.exclusions[].value": (_("Threshold"), ""),
    "allow_seen": (
        _("Allow songs that a system was fitted on"),
        _("Every figure is then marked; otherwise freezing refuses them."),
    ),
}

# What a choice is called, where its value does not speak for itself.
CHOICES: dict[str, str | Promise] = {
    "en": _("English"),
    "de": _("German"),
    "record": _("is recorded, no more"),
    "warn": _("is warned"),
    "exclude": _("is excluded"),
    "choice": _("choice: which of two"),
    "scale": _("scale: a number"),
    "ranking": _("ranking: best to worst"),
    "text": _("text: free words"),
    "multi-stimulus": _("mixes, multi-stimulus"),
    "mushra": _("mixes, MUSHRA-like"),
    "huggins": _("Huggins pitch"),
    "antiphase": _("antiphase tones"),
    "mixing_years": _("years of mixing"),
    "gear": _("gear"),
    "age_band": _("age band"),
    "hearing": _("hearing"),
    "prolific": _("Prolific"),
}


def label_of(pattern: str) -> str:
    return str(WORDS[pattern][0])


def hint_of(pattern: str) -> str:
    return str(WORDS[pattern][1])


def choice_label(value: str, pattern: str) -> str:
    """What a choice reads as; a type of trial that is called like a kind of question keeps its
    name."""
    if pattern == "blocks[].type" and value == "ranking":
        return value
    return str(CHOICES.get(value, value))
