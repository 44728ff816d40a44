"""Test sends, to people named as testers and to nobody else (E12); naming testers; connecting one's own LINE chat."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request, url_for
from flask_admin import expose
from werkzeug.wrappers import Response as Answer

from benefits.offers import approvers, drafting, testers
from benefits.offers.content import spoken
from benefits.offers.texts import MissingValue
from benefits.refusal import Refusal
from benefits.staff_confirmations import AwaitsConfirmation
from models import Offer, Person, Staff, StaffChat, TestSend
from web.console import staff_points, staff_words
from web.console.access import READERS, allow
from web.console.desk import LineTrouble
from web.console.offer_desk import OfferPage, version_of
from web.console.offer_words import fault_lines, language_name, refusal_sentence
from web.console.offer_writing import Writing
from wording import Words

SHOWN = 30


class Testing(Writing):
    """Test sends and testers."""

    @expose("/<int:offer_id>/test")
    @allow("marketer")
    def test(self, offer_id: int) -> Answer:
        """Who gets a test, and what came of those before."""
        return self._test_form(self.offer(offer_id), [])

    @expose("/<int:offer_id>/test", methods=("POST",))
    @allow("marketer")
    def send_test(self, offer_id: int) -> Answer:
        """One message to each tester chosen. The form sent twice is one message each."""
        offer, chosen = self.offer(offer_id), request.form.getlist("tester")
        said = self._unfit(offer)
        if not said and not chosen:
            said = [self.t("Choose a tester.")]
        if said:
            return self._test_form(offer, said, 400)
        try:
            with self.console.sessions.begin() as session:
                row = self.find(Offer, offer_id, session)
                for tester_id in (int(one) for one in chosen if one.isdecimal() and len(one) < 19):
                    messages = self._for_tester(session, row, tester_id)
                    key = uuid.uuid5(self._nonce(offer), str(tester_id))
                    testers.ask(session, offer=row, tester_id=tester_id, messages=messages, by=self.staff.id,
                                now=self.now, key=key)  # fmt: skip
        except Refusal as refusal:
            return self._test_form(offer, [refusal_sentence(self.t, refusal)], 409)
        except MissingValue as missing:
            variable = f"{{{missing.variable}}}"
            return self._test_form(
                offer,
                [self.t("A tester has no {variable}. Write what to say instead after a |.", variable=variable)],
                409,
            )
        self.console.ring("offers")
        told = self.t.count(
            "The test is on its way to {n} tester.", "The test is on its way to {n} testers.", len(chosen)
        )
        return self.done(told, self.to("test", offer))

    def _for_tester(self, session: Any, offer: Offer, tester_id: int) -> list[dict[str, Any]]:
        """The offer's messages in this tester's language, with her own values."""
        tester = next((one for one in testers.named(session, club=self.club) if one.id == tester_id), None)
        person = session.get(Person, tester.person_id) if tester is not None else None
        languages = spoken(self.club, offer.content)
        read = person.language if person is not None and person.language in languages else languages[0]
        return self.console.render(session, self.club, offer.content, read, person)

    def _unfit(self, offer: Offer) -> list[str]:
        """Why it cannot be sent even as a test: what is wrong with it, or what LINE says."""
        if self.seen() != offer.digest:
            return [self.t("Somebody changed this offer since you opened it. Look at it as it is now, then decide.")]
        wrong = self.faults_of(offer)
        if wrong:
            return fault_lines(wrong, self.t)
        return self.line_says(offer)

    def line_says(self, offer: Offer) -> list[str]:
        """What LINE's own check finds wrong with the messages, language by language; nothing where it does not answer."""
        said = []
        for language, messages in self.phones(offer.content).items():
            try:
                found = self.console.validate(self.club.key, messages) if messages else None
            except LineTrouble:
                continue
            if found:
                named = language_name(self.t, language)
                said.append(self.t("LINE refuses the messages ({language}): {words}", language=named, words=found))
        return said

    def faults_of(self, offer: Offer) -> list[Any]:
        """Everything to mend in a saved offer."""
        return drafting.faults(
            self.session,
            self.club,
            offer,
            now=self.now,
            public_url=self.console.settings.public_url,
            has_file=self.has_file,
        )

    def _nonce(self, offer: Offer) -> uuid.UUID:
        """Of the form: what makes its messages its own. A malformed one is as good as any other."""
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{offer.id}:{version_of(offer)}:{request.form.get('nonce', '')[:64]}")

    def _test_form(self, offer: Offer, said: list[str], status: int = 200) -> Answer:
        named = testers.named(self.session, club=self.club)
        called = {tester.person_id: tester.name for tester in named}
        sent = testers.sent(self.session, offer=offer)[:SHOWN]
        return self.show_offer(
            "console/offer_test.html",
            offer,
            "test",
            status,
            found=said,
            testers=[{"id": one.id, "name": one.name, "about": self._about(one.person_id)} for one in named],
            may_test=self.may("marketer"),
            nonce=uuid.uuid4().hex,
            sent=[
                {"at": one.asked_at, "name": called.get(one.person_id, "?"), "outcome": outcome(self.t, one)}
                for one in sent
            ],
            messages=self.phones(offer.content),
        )

    def _about(self, person_id: int) -> str:
        person = self.session.get(Person, person_id)
        if person is None:
            return ""
        state = "" if person.friend else f" · {self.t('does not follow the channel')}"
        return f"…{person.line_user_id[-4:]}{state}"

    @expose("/testers")
    @allow(*READERS)
    def testers(self) -> Answer:
        """Who gets tests; a search for whom to name."""
        asked = request.args.get("q", "").strip()[:80]
        may = self.may("marketer", "admin")
        named = testers.named(self.session, club=self.club)
        return self.show(
            "console/offer_testers.html",
            testers=[{"id": one.id, "name": one.name, "about": self._about(one.person_id)} for one in named],
            may_name=may,
            asked=asked,
            people=self.found(asked) if may else [],
        )

    @expose("/testers", methods=("POST",))
    @allow("marketer", "admin")
    def name_tester(self) -> Answer:
        """Name somebody."""
        person, name = request.form.get("person", ""), request.form.get("name", "").strip()
        if not person.isdecimal() or len(person) > 18 or not name:
            return self.done(self.t("Write what colleagues call this tester."), url_for("offers.testers"), "bad")
        try:
            with self.console.sessions.begin() as session:
                testers.add(session, club=self.club, person_id=int(person), name=name, by=self.staff.id, now=self.now)
        except Refusal as refusal:
            return self.done(refusal_sentence(self.t, refusal), url_for("offers.testers"), "bad")
        return self.done(self.t("{name} is a tester now.", name=name[:80]), url_for("offers.testers"))

    @expose("/testers/<int:tester_id>/remove", methods=("POST",))
    @allow("marketer", "admin")
    def remove_tester(self, tester_id: int) -> Answer:
        """Take somebody off the list."""
        with self.console.sessions.begin() as session:
            gone = testers.remove(session, club=self.club, tester_id=tester_id, by=self.staff.id, now=self.now)
        told = (
            self.t("Removed. No test goes there any more.")
            if gone
            else self.t("Nobody was on the list by this number.")
        )
        return self.done(told, url_for("offers.testers"), "good" if gone else "warn")


class Chatting(OfferPage):
    """One's own LINE chat: where one is told that an offer waits, and may decide."""

    @expose("/chat")
    @allow("approver", "admin", "marketer")
    def chat(self) -> Answer:
        """Connected or not."""
        return self._chat_page()

    @expose("/chat", methods=("POST",))
    @allow("approver", "admin", "marketer")
    def change_chat(self) -> Answer:
        """A code for the chat, shown once; or an end of the connection."""
        common: dict[str, Any] = {"club": self.club, "staff_id": self.staff.id, "now": self.now}
        code = None
        try:
            with self.console.sessions.begin() as session:
                if request.form.get("do") == "disconnect":
                    approvers.disconnect(session, **common, by=self.staff.id)
                else:
                    code = approvers.new_code(session, **common)
        except AwaitsConfirmation as refusal:
            return self.done(staff_words.waits(self.t, refusal), url_for("offers.chat"), "bad")
        if code is not None:
            return self._chat_page(code)
        return self.done(self.t("Your chat is not connected any more."), url_for("offers.chat"))

    def connected(self, staff: Staff) -> bool:
        """Whether she is told in her chat."""
        return approvers.chat_of(self.session, club=self.club, staff_id=staff.id) is not None

    def _chat_page(self, code: str | None = None) -> Answer:
        rows = self.session.query(StaffChat).filter_by(club=self.club.key, staff_id=self.staff.id)
        row = rows.one_or_none()
        until = row.code_until if row is not None and row.code_until and row.code_until > self.now else None
        return self.show(
            "console/offer_chat.html",
            title=self.t("Your LINE chat"),
            connected_at=row.connected_at if row is not None and row.person_id is not None else None,
            code=code,
            code_until=until,
            waits=staff_points.waits_here(self),
        )


def outcome(t: Words, test: TestSend) -> str:
    """What came of a test message."""
    match test.state:
        case "accepted":
            return t("LINE took it")
        case "refused":
            return t("LINE refused it: {words}", words=test.error or "")
        case "unknown":
            return t("Not known whether it arrived")
    return t("On its way")
