"""Approving offers from a colleague's own chat: connecting it by a code, looking, approving, sending back, stopping."""

from __future__ import annotations

from benefits.offers import approvers, drafting
from benefits.offers.approvers import Asked
from benefits.offers.refusals import Changed, NotApprover, WrongState
from benefits.offers.shape import parts_of, spoken
from benefits.staff_confirmations import AwaitsConfirmation, refuse_while_waiting
from bot.actions import ApproveOffer, ConnectChat, RejectOffer, ShowAsked, ShowOffer, StopOffer
from bot.messages import PER_REPLY, Json, press, text
from bot.routing import Reply, Turn
from handlers import offering
from handlers.cards import approving as cards
from handlers.quick import home, joining_help
from models import Notice, Staff

VIA = "chat"
SHOWN = PER_REPLY - 1
"""Parts of an offer that fit beside its card."""


def connect(turn: Turn, action: ConnectChat) -> Reply:
    """The code of the console: this chat is the colleague's from now on. A wrong one is counted, and says no more."""
    t = turn.words
    staff = approvers.connect(
        turn.session, club=turn.club, person=turn.person, code=str(action.number), now=turn.now
    )  # fmt: skip
    if staff is None:  # not a refusal that is raised: the try would be taken back with it
        said = t("This code is not valid (any more). Make a new one in the console; it is good for 10 minutes.")
        return Reply([text(said, joining_help(turn))], outcome="wrong code", refused=True)
    said = t("This chat is connected with {name}. Offers that wait for your approval reach you here.", name=staff.name)
    waiting = (
        approvers.waiting(turn.session, club=turn.club)
        if approvers.approver_of(turn.session, person=turn.person)
        else []
    )
    if not waiting:
        return Reply([text(said)], outcome="chat connected", matters=True)
    head = t.count("{n} offer waits for approval", "{n} offers wait for approval", len(waiting))
    shown = text(f"{said}\n{head}", [press(t("Show what waits"), ShowAsked())])
    return Reply([shown], outcome="chat connected", matters=True)


def show_asked(turn: Turn, action: ShowAsked) -> Reply:
    """Everything that waits; one alone is shown whole."""
    _me(turn)
    waiting = approvers.waiting(turn.session, club=turn.club)
    if not waiting:
        return Reply([text(turn.words("Nothing waits for approval."), home(turn))], outcome="nothing asked")
    if len(waiting) == 1:
        return show(turn, ShowOffer(waiting[0].id))
    return Reply([cards.several(turn, [_asked(turn, offer.id) for offer in waiting[:8]])], outcome="asked")


def show(turn: Turn, action: ShowOffer) -> Reply:
    """What is sent, as readers get it, and under it the card to decide on."""
    _me(turn)
    waiting = _asked(turn, action.offer)
    if waiting.offer.state != "asked":
        raise WrongState(waiting.offer.state)
    drawn = _drawn(turn, waiting)
    more = max(0, len(drawn) - SHOWN)
    return Reply([*drawn[:SHOWN], cards.asked(turn, waiting, "", more)], outcome="offer shown")


def approve(turn: Turn, action: ApproveOffer) -> Reply:
    """Yes, to what she saw. Pressed again it says what it came to."""
    me = _me(turn)
    waiting = _asked(turn, action.offer)
    if not _fresh(turn, waiting, action.version):
        return _changed(turn, action.offer)
    offer = waiting.offer
    drafting.approve(turn.session, offer=offer, by=me.id, digest=offer.digest, now=turn.now, via=VIA)
    begins = drafting.begins_at(offer)
    return Reply(
        [cards.approved(turn, waiting, turn.words.moment(begins or turn.now))], outcome="offer approved", matters=True
    )


def reject(turn: Turn, action: RejectOffer) -> Reply:
    """Back to its author; the first press asks why."""
    me, t = _me(turn), turn.words
    waiting = _asked(turn, action.offer)
    if not _fresh(turn, waiting, action.version):
        return _changed(turn, action.offer)
    if action.why not in cards.REASONS:
        return Reply([cards.why(turn, waiting)], outcome="why sent back?")
    offer, reason = waiting.offer, cards.reason(turn, action.why)
    drafting.reject(
        turn.session, offer=offer, by=me.id, reason=reason, digest=offer.digest, now=turn.now, via=VIA
    )  # fmt: skip
    said = t("“{name}” went back to its author: {reason}.", name=offer.name, reason=reason)
    return Reply([text(said, home(turn))], outcome="offer sent back", matters=True)


def stop(turn: Turn, action: StopOffer) -> Reply:
    """No further message of it leaves."""
    me, t = _approver(turn), turn.words
    offer = drafting.load(turn.session, club=turn.club, offer_id=action.offer)
    drafting.stop(turn.session, offer=offer, by=me.id, now=turn.now)
    said = t("“{name}” is stopped. What had left before is told in the console.", name=offer.name)
    return Reply([text(said, home(turn))], outcome="offer stopped", matters=True)


def worded(turn: Turn, notice: Notice) -> Json:
    """The notice that an offer waits, as it stands when it is told."""
    if approvers.approver_of(turn.session, person=turn.person) is None:
        return cards.over(turn, notice.facts["name"])
    waiting = _asked(turn, notice.facts["offer"])
    if waiting.offer.state != "asked":
        return cards.over(turn, waiting.offer.name)
    try:
        _me(turn)
    except AwaitsConfirmation as refusal:  # the card's buttons could only refuse
        said = turn.words("“{name}” waits for approval.", name=waiting.offer.name)
        return text(f"{said} {cards.waits(turn, refusal)}")
    return cards.asked(turn, waiting, _excerpt(turn, waiting))


def _me(turn: Turn) -> Staff:
    """The approver whose chat this is, who may decide now. Raises `NotApprover`, `AwaitsConfirmation`."""
    found = _approver(turn)
    refuse_while_waiting(turn.session, club=turn.club.key, staff_id=found.id, now=turn.now)
    return found


def _approver(turn: Turn) -> Staff:
    found = approvers.approver_of(turn.session, person=turn.person)
    if found is None:
        raise NotApprover()
    return found


def _asked(turn: Turn, offer_id: int) -> Asked:
    return approvers.asked(turn.session, club=turn.club, offer_id=offer_id)


def _fresh(turn: Turn, waiting: Asked, version: int) -> bool:
    """Whether what she pressed for is what the offer is; looked at anew, for a privilege may have been changed."""
    if waiting.offer.state == "asked" and not drafting.recheck(turn.session, offer=waiting.offer, now=turn.now):
        return False
    if waiting.offer.state not in ("asked", "draft"):
        raise WrongState(waiting.offer.state)
    return waiting.offer.state == "asked" and approvers.is_version(turn.session, waiting.offer, version)


def _changed(turn: Turn, offer_id: int) -> Reply:
    """Told, with the present version where one waits; not raised: that a privilege's change ended the asking stays."""
    said = text(cards.WORDINGS[Changed](turn, Changed()), home(turn))
    waiting = _asked(turn, offer_id)
    if waiting.offer.state != "asked":
        return Reply([said], outcome=Changed().name, refused=True)
    return Reply([said, cards.asked(turn, waiting, _excerpt(turn, waiting))], outcome=Changed().name, refused=True)


def _language(turn: Turn, waiting: Asked) -> str:
    """Hers where it is written in it, else the first it is written in."""
    written = spoken(turn.club, waiting.offer.content)
    return turn.language if turn.language in written else written[0]


def _drawn(turn: Turn, waiting: Asked) -> list[Json]:
    drawn = offering.preview(
        turn.session, turn.club, waiting.offer.content, _language(turn, waiting), None,
        public_url=turn.public_url, now=turn.now,
    )  # fmt: skip
    return [{name: value for name, value in message.items() if name != "quickReply"} for message in drawn]


def _excerpt(turn: Turn, waiting: Asked) -> str:
    """The first words of it, for the notice that stands alone."""
    language = _language(turn, waiting)
    said = [part.get(language) or part.get(f"alt_{language}") for part in parts_of(waiting.offer.content)]
    return next((str(one) for one in said if one), "")[:400]
