"""What the mixer's script says, so that it is translated where all else is."""

from django.utils.translation import gettext as _


def desk_texts() -> dict[str, str]:
    """Texts by the names the page script knows; %s is a number."""
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "off": _("off"),
        "decibels": _("%s decibels"),
        "minus_decibels": _("minus %s decibels"),
        "seconds": _("%s seconds"),
        "decode_failed": _("The sound could not be loaded. Check the network and reload."),
        "listen_first": _("Listen to the excerpt before you submit."),
        "all_off": _(
            "Every fader is off. Raise at least one, or choose “I cannot judge this one”."
        ),
        "say_why": _("Choose a reason first."),
        "submit_again": _("Submit again"),
        "newer_tab": _(
            "This excerpt is open in a newer tab or on another device: go on there, or reload here."
        ),
        "reload": _("The page has been open for too long. Reload it: your work is kept here."),
        "refused": _("The site could not take that. Reload the page and try again."),
        "state_saved": _("Saved"),
        "state_waiting": _("Saving…"),
        "state_offline": _("Offline: kept on this device"),
        "state_refused": _("Not saved"),
        "state_reload": _("Kept on this device"),
    }
