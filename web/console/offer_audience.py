"""The audience of an offer: plain controls, the sentence that says them back, live counts, samples, uploaded lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from flask import Response, jsonify, redirect, render_template, request
from flask_admin import expose
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from benefits.offers import audience as audiences
from benefits.offers import drafting, refusals, uploads
from benefits.refusal import Refusal
from benefits.unmasking import masked
from models import AudienceList, Offer, Privilege
from web.console.access import allow
from web.console.offer_audience_form import NUMBERS, fault, read, sentence
from web.console.offer_desk import OfferPage, label
from web.console.offer_form import number
from web.console.offer_words import language_name, refusal_sentence

MOST_HELD_OUT = 50
USER_ID = 33
"""Characters of a LINE user id."""
REJECTS = 20
"""Unknown lines told of a list."""
LISTS = 100


@dataclass(frozen=True)
class Counted:
    """What the side of the page says: the sentence, and the numbers when the controls make sense."""

    sentence: str
    counts: audiences.Counts | None
    held_out: int | None
    samples: list[dict[str, str]]


class Targeting(OfferPage):
    """The page where the audience is chosen."""

    @expose("/<int:offer_id>/audience")
    @allow("marketer")
    def audience(self, offer_id: int) -> Answer:
        """The controls."""
        offer = self.offer(offer_id)
        if offer.state not in drafting.EDITABLE:
            return redirect(self.to("review", offer), 303)
        return self._audience_form(offer, _typed(offer), offer.audience, offer.holdout_percent, {})

    @expose("/<int:offer_id>/audience", methods=("POST",))
    @allow("marketer")
    def aim(self, offer_id: int) -> Answer:
        """Save, or only count."""
        offer, deed = self.offer(offer_id), request.form.get("do", "save")
        audience, holdout, faults = self._read_audience()
        if faults or deed == "count":
            status = 400 if faults else 200
            return self._audience_form(offer, _form_of(request.form), audience, holdout, faults, status)
        try:
            with self.console.sessions.begin() as session:
                drafting.change(
                    session,
                    offer=self.find(Offer, offer_id, session),
                    by=self.staff.id,
                    now=self.now,
                    audience=audience,
                    seen=self.seen(),
                    holdout_percent=holdout,
                )
        except Refusal as refusal:
            said = refusal_sentence(self.t, refusal)
            if isinstance(refusal, refusals.Changed):
                said = self.meanwhile(offer)
            return self._audience_form(offer, _form_of(request.form), audience, holdout, {}, 409, said=said)
        return self.done(self.t("Saved."), self.to("when" if deed == "next" else "audience", offer))

    @expose("/<int:offer_id>/audience/count", methods=("POST",))
    @allow("marketer")
    def count(self, offer_id: int) -> Response:
        """The side of the page anew, for what is chosen now. Nothing is written."""
        offer = self.offer(offer_id)
        audience, holdout, faults = self._read_audience()
        counted = self.counted(offer, audience, holdout, whole=not faults)
        return jsonify(html=render_template("console/offer_counted.html", t=self.t, counted=counted))

    @expose("/<int:offer_id>/audience/list", methods=("POST",))
    @allow("marketer")
    def upload(self, offer_id: int) -> Answer:
        """Take a list of people from a file."""
        offer, name, file = self.offer(offer_id), request.form.get("name", "").strip(), request.files.get("file")
        here = self.to("audience", offer)
        if not name or len(name) > 80 or file is None or not file.filename:
            return self.done(self.t("Choose a file, and say what the list is called."), here, "bad")
        try:
            with self.console.sessions.begin() as session:
                made = uploads.upload_list(
                    session, self.club, name=name, file=cast(BinaryIO, file.stream), by=self.staff.id, now=self.now
                )
        except uploads.NoList as refusal:
            return self.done(self._no_list(refusal), here, "bad")
        told = self.t("“{name}” is there: {found} people found, {unknown} lines unknown.", name=name,
                      found=self.t.number(made.found), unknown=self.t.number(made.unknown))  # fmt: skip
        return self.done(" ".join([told, *self._unknown_lines(made)]), here, "good" if made.found else "warn")

    def _unknown_lines(self, made: uploads.Uploaded) -> list[str]:
        """The first lines that name nobody; a LINE user id only by its end."""
        if not made.rejects:
            return []
        shown = [f"{line}: {said if len(said) < USER_ID else '…' + said[-4:]}" for line, said in made.rejects[:REJECTS]]
        more = " …" if len(made.rejects) > REJECTS else ""
        return [self.t("Unknown lines: {lines}", lines="; ".join(shown) + more)]

    def _no_list(self, refusal: uploads.NoList) -> str:
        match refusal.reason:
            case "empty":
                return self.t("The file is empty. Write one ID a line.")
            case "too_long":
                return self.t("The file has more than {n} lines. Split it.", n=self.t.number(uploads.MOST_LINES))
        return self.t("The file is not text in UTF-8. Save it as CSV (UTF-8) and choose it again.")

    def counted(self, offer: Offer, audience: Mapping[str, Any], holdout: int, *, whole: bool = True) -> Counted:
        """The sentence, counts and samples of an audience; without numbers where the controls contradict each other."""
        said = sentence(audience, self.t, self.club, self._privilege, self._list)
        if not whole:
            return Counted(said, None, None, [])
        counts = audiences.count(self.session, self.club, audience, self.now)
        drawn = audiences.samples(self.session, self.club, audience, self.now)
        samples = [{"name": masked(one.name), "about": language_name(self.t, one.language)} for one in drawn]
        held_out = counts.reachable * holdout // 100 if holdout else None
        return Counted(said, counts, held_out, samples)

    def _read_audience(self) -> tuple[dict[str, Any], int, dict[str, str]]:
        """(audience, hold-out in percent, faults by field)."""
        lists = list(self.session.scalars(select(AudienceList.id).where(AudienceList.club == self.club.key)))
        audience, faults = read(request.form, self.club, lists)
        holdout = 0
        try:
            holdout = number(request.form.get("holdout_percent", ""), 0, MOST_HELD_OUT) or 0
        except ValueError:
            faults["holdout_percent"] = "number"
        if request.form.get("claimed") and not request.form.get("claimed_privilege", "").isdecimal():
            faults["claimed_privilege"] = "privilege"
        elif "claimed" in audience:
            self.find(Privilege, audience["claimed"]["privilege_id"])
        return audience, holdout, faults

    def _audience_form(
        self,
        offer: Offer,
        typed: dict[str, Any],
        audience: Mapping[str, Any],
        holdout: int,
        faults: Mapping[str, str],
        status: int = 200,
        said: str | None = None,
    ) -> Answer:
        t = self.t
        return self.show_offer(
            "console/offer_audience.html",
            offer,
            "audience",
            status,
            typed=typed,
            said=said,
            found={field: [fault(t, key)] for field, key in faults.items()},
            counted=self.counted(offer, audience, holdout, whole=not faults),
            tiers=[{"key": tier.key, "name": self.club.say(tier.name, t.language)} for tier in self.club.tiers],
            unit=self.club.say(self.club.stars.name, t.language),
            privileges=self.privileges(),
            lists=self._lists(),
            lapses=offer.state in ("asked", "approved"),
        )

    def _lists(self) -> list[dict[str, Any]]:
        rows = self.session.scalars(
            select(AudienceList).where(AudienceList.club == self.club.key).order_by(AudienceList.id.desc()).limit(LISTS)
        )
        return [{"id": row.id, "label": f"{row.name} ({self.t.number(row.found)})"} for row in rows]

    def _privilege(self, privilege_id: int) -> str | None:
        found = self.session.get(Privilege, privilege_id)
        return label(found, self.t.language) if found is not None and found.club == self.club.key else None

    def _list(self, list_id: int) -> str | None:
        found = self.session.get(AudienceList, list_id)
        return found.name if found is not None and found.club == self.club.key else None


def _typed(offer: Offer) -> dict[str, Any]:
    """The controls as the saved audience sets them."""
    audience = offer.audience
    yes_no = {True: "yes", False: "no", None: ""}
    claimed = audience.get("claimed") or {}
    return {
        **{field: "" if audience.get(field) is None else str(audience[field]) for field in NUMBERS},
        "tiers": audience.get("tiers") or [],
        "languages": audience.get("languages") or [],
        "new_members": yes_no[audience.get("new_members")],
        "claimed": yes_no[claimed.get("yes")] if claimed else "",
        "claimed_privilege": str(claimed.get("privilege_id", "")),
        "list_id": str(audience.get("list_id") or ""),
        "holdout_percent": str(offer.holdout_percent or ""),
    }


def _form_of(form: MultiDict[str, str]) -> dict[str, Any]:
    """The controls as they were posted."""
    plain = ("new_members", "claimed", "claimed_privilege", "list_id", "holdout_percent", *NUMBERS)
    return {
        **{field: form.get(field, "")[:40] for field in plain},
        "tiers": form.getlist("tiers"),
        "languages": form.getlist("languages"),
    }
