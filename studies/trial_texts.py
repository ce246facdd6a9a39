"""What the trial page's script says, so that it is translated where all else is."""

from django.utils.translation import gettext as _


def trial_texts() -> dict[str, str]:
    """Texts by the names the page script knows; %s, %1, %2 and %3 are filled in by it."""
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "seconds": _("%s seconds"),
        "decode_failed": _("The sound could not be loaded. Check the network and reload."),
        "heard_enough": _("heard"),
        "not_heard": _("not heard long enough yet"),
        "listen_first": _("Listen to %1 for at least %2 s first: then your answer counts."),
        "listen_warning": _(
            "Not heard for %2 s yet: %1. Listen first, or submit once more to go on as it is."
        ),
        "answer_needed": _("An answer is needed."),
        "answer_first": _("Something is still unanswered: it is marked."),
        "say_why": _("Choose a reason first."),
        "not_placed": _("not placed yet"),
        "of": _("%1 of %2"),
        "rank_place": _("%1: place %2 of %3"),
        "rank_tied": _("%1: shares place %2"),
        "order_kept": _("The order is kept as it stands."),
        "tab_done": _("(answered)"),
        "tab_open": _("(open)"),
        "submit": _("Submit"),
        "submit_again": _("Submit again"),
        "sending": _("Saving…"),
        "next": _("Next"),
        "hear_after": _("Now hear what follows"),
        "newer_tab": _(
            "This page is open in a newer tab or on another device: go on there, or reload here."
        ),
        "reload": _("The page has been open for too long. Reload it: your answers are kept here."),
        "refused": _("The site could not take that. Reload the page and try again."),
        "state_saved": _("Saved"),
        "state_waiting": _("Saving…"),
        "state_offline": _("Offline: kept on this device"),
        "state_refused": _("Not saved"),
        "state_reload": _("Kept on this device"),
    }
