"""What a colleague is told in their own chat: that somebody's sign-in to the console, or rights in it, were changed."""

from __future__ import annotations

from datetime import datetime

from bot.messages import Json, text
from bot.routing import Turn
from models import Notice, Staff

OWN = ("password", "factor", "codes")
"""Changes somebody makes themselves, or a thief under their name."""


def worded(turn: Turn, notice: Notice) -> Json:
    """The notice `staff_changed`, for whom it concerns or for an administrator of the club."""
    t, facts = turn.words, notice.facts
    staff = turn.session.get_one(Staff, facts["staff"])
    maker = turn.session.get(Staff, int(facts["by"])) if facts["by"] else None
    by = maker.name if maker else t("the operator")
    said = _changed(turn, facts["what"], staff.name, by)
    if facts["until"]:
        until = t.moment(datetime.fromisoformat(facts["until"]))
        said += " " + t(
            "Approvals, and whatever else needs a second person, wait until another administrator has confirmed it in the "
            "console, or until {moment}.",
            moment=until,
        )
    club = turn.club.say(turn.club.name, turn.language)
    own = facts["what"] in OWN
    asked = (
        t("That was not you? Tell an administrator at once.")
        if own
        else (t("You did not expect this? Tell another administrator at once."))
    )
    return text(f"{t('Console of {club}:', club=club)} {said}\n{asked}")


def _changed(turn: Turn, what: str, name: str, by: str) -> str:
    t = turn.words
    known = {
        "added": t("{by} added {name} as a colleague.", by=by, name=name),
        "roles": t("{by} changed the roles of {name}.", by=by, name=name),
        "enabled": t("{by} let {name} sign in again.", by=by, name=name),
        "disabled": t("{by} disabled the sign-in of {name}.", by=by, name=name),
        "reset": t("{by} reset the sign-in of {name}.", by=by, name=name),
        "confirmed": t("{by} confirmed a change of {name}.", by=by, name=name),
        "password": t("The password of {name} was changed.", name=name),
        "factor": t("The second factor of {name} was replaced.", name=name),
        "codes": t("New recovery codes were made for {name}.", name=name),
    }
    return known[what]
