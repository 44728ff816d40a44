"""Writing an offer: its parts in every language, pictures, the phone beside it, and the member it is previewed for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, jsonify, redirect, request
from flask_admin import expose
from sqlalchemy import or_, select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from benefits import pictures
from benefits.offers import content as contents
from benefits.offers import drafting, refusals, texts
from benefits.refusal import Refusal
from clubs import Club
from models import Admin, Member, Offer, Person
from web.console.access import allow
from web.console.offer_desk import OfferPage
from web.console.offer_form import content_of, rearranged, shown_parts, typed_parts
from web.console.offer_words import part_title, picture_refusal, refusal_sentence, sort_faults, variables
from wording import OWN_NAMES

_NAME = re.compile(r"\{\s*name\s*(\|[^{}]*)?\}")
FOUND = 8
"""People a search shows."""


@dataclass(frozen=True)
class Typed:
    """What stands in the form: kept through every error."""

    name: str
    parts: list[dict[str, Any]]
    languages: list[str]
    fallback: bool

    @property
    def content(self) -> dict[str, Any]:
        """As content is kept."""
        return content_of(self.parts, self.languages, self.fallback)


def of_offer(offer: Offer, club: Club) -> Typed:
    """What the form shows at first."""
    named = contents.spoken(club, offer.content) or list(club.languages)
    return Typed(offer.name, shown_parts(offer.content), named, bool(offer.content.get("fallback")))


def of_form(form: MultiDict[str, str], club: Club) -> Typed:
    """What was typed."""
    languages = [language for language in club.languages if language in form.getlist("languages")]
    return Typed(form.get("name", "").strip()[:500], typed_parts(form), languages, "fallback" in form)


class Writing(OfferPage):
    """The page where an offer is written."""

    @expose("/<int:offer_id>/write")
    @allow("marketer")
    def write(self, offer_id: int) -> Answer:
        """The form."""
        offer = self.offer(offer_id)
        if offer.state not in drafting.EDITABLE:
            return redirect(self.to("review", offer), 303)
        return self._write_form(offer, of_offer(offer, self.club))

    @expose("/<int:offer_id>/write", methods=("POST",))
    @allow("marketer")
    def write_down(self, offer_id: int) -> Answer:
        """A button of the form: move parts about, or save."""
        offer, deed = self.offer(offer_id), request.form.get("do", "save")
        typed, spoiled = self._with_uploads(of_form(request.form, self.club))
        moved = rearranged(typed.parts, deed)
        if moved is not None:
            return self._write_form(offer, replace(typed, parts=moved), opened=True)
        if spoiled:
            return self._write_form(offer, typed, 400, spoiled=spoiled)
        try:
            with self.console.sessions.begin() as session:
                drafting.change(
                    session,
                    offer=self.find(Offer, offer_id, session),
                    by=self.staff.id,
                    now=self.now,
                    content=typed.content,
                    seen=self.seen(),
                    name=typed.name,
                )
        except refusals.Changed:
            return self._write_form(offer, typed, 409, said=[self.meanwhile(offer)])
        except refusals.BadSetting:
            return self._write_form(offer, typed, 400, name=[self.t("Give it a name of 1 to 200 characters.")])
        except Refusal as refusal:
            return self._write_form(offer, typed, 409, said=[refusal_sentence(self.t, refusal)])
        return self.done(self.t("Saved."), self.to("audience" if deed == "next" else "write", offer))

    @expose("/<int:offer_id>/preview", methods=("POST",))
    @allow("marketer")
    def preview(self, offer_id: int) -> Response:
        """The messages of what is typed, by language, for the phone beside the form. Nothing is written."""
        self.offer(offer_id)
        typed = of_form(request.form, self.club)
        person = self._person(request.form.get("person", ""))
        return jsonify(messages=self.phones(masking(typed.content, self._masked_name(person)), person))

    @expose("/<int:offer_id>/people")
    @allow("marketer")
    def people(self, offer_id: int) -> Response:
        """People whom an offer may be previewed for, by account; names of persons masked."""
        self.offer(offer_id)
        return jsonify(people=self.found(request.args.get("q", "").strip()))

    def found(self, asked: str) -> list[dict[str, Any]]:
        """A few people who follow the channel, by their account's name or id, or their whole LINE user id."""
        if not asked:
            return []
        like = f"%{asked[:80].replace('%', '').replace('_', '')}%"
        named = or_(Member.name.ilike(like), Member.external_id.ilike(like), Person.line_user_id == asked)
        rows = self.session.execute(
            select(Person.id, Member.name, Member.external_id, Person.line_user_id)
            .outerjoin(Admin, (Admin.line_user_id == Person.line_user_id) & Admin.removed_at.is_(None))
            .outerjoin(Member, (Member.id == Admin.member_id) & (Member.club == Person.club))
            .where(Person.club == self.club.key, Person.friend, named)
            .order_by(Member.name, Person.id)
            .limit(FOUND)
        ).all()
        names = self.names([row.id for row in rows])
        return [
            {
                "id": row.id,
                "name": names[row.id],
                "about": f"{row.name or ''} {row.external_id or ''} …{row.line_user_id[-4:]}".strip(),
            }
            for row in rows
        ]

    def _person(self, typed: str) -> Person | None:
        found = self.session.get(Person, int(typed)) if typed.isdecimal() and len(typed) < 19 else None
        return found if found is not None and found.club == self.club.key else None

    def _masked_name(self, person: Person | None) -> str | None:
        return None if person is None else self.names([person.id])[person.id]

    def _with_uploads(self, typed: Typed) -> tuple[Typed, dict[tuple[int, str], list[str]]]:
        """Take the pictures that came along; what cannot be taken is said at its field."""
        spoiled: dict[tuple[int, str], list[str]] = {}
        parts = [dict(part) for part in typed.parts]
        for n, part in enumerate(parts):
            upload = request.files.get(f"part-{n}-upload")
            if part["kind"] != "image" or upload is None or not upload.filename:
                continue
            try:
                data = upload.stream.read(pictures.LARGEST_FILE + 1)
                picture = pictures.take(self.console.settings.data_dir / "uploads", data)
                part["file"], part["ratio"] = picture.name, f"{picture.width}:{picture.height}"
            except Refusal as refusal:
                spoiled[n, "file"] = [picture_refusal(self.t, refusal)]
        return replace(typed, parts=parts), spoiled

    def has_file(self, name: str) -> bool:
        """Whether a picture of this name was uploaded."""
        return (self.console.settings.data_dir / "uploads" / name).is_file()

    def _write_form(
        self,
        offer: Offer,
        typed: Typed,
        status: int = 200,
        *,
        opened: bool = False,
        spoiled: Mapping[tuple[int, str], list[str]] | None = None,
        said: list[str] | None = None,
        name: list[str] | None = None,
    ) -> Answer:
        """The form as it was typed. Faults are marked from the first save on, not while parts are being added."""
        whole, placed = sort_faults(self._faults(offer, typed), self.t) if typed.parts and not opened else ([], {})
        placed = {**placed, **(spoiled or {})}
        return self.show_offer(
            "console/offer_write.html",
            offer,
            "write",
            status,
            typed=typed,
            parts=[self._part(n, part, placed) for n, part in enumerate(typed.parts)],
            found={"name": name or [], "whole": [*(said or []), *whole]},
            lapses=offer.state in ("asked", "approved"),
            privileges=self.privileges(),
            variables={language: variables(self.t, language) for language in self.club.languages},
            most_parts=contents.PARTS,
            messages=self.phones(masking(typed.content, None)),
        )

    def _faults(self, offer: Offer, typed: Typed) -> list[contents.Fault]:
        return contents.faults(
            self.session,
            self.club,
            typed.content,
            now=self.now,
            audience=offer.audience,
            public_url=self.console.settings.public_url,
            has_file=self.has_file,
        )

    def _part(self, n: int, part: dict[str, Any], placed: Mapping[tuple[int, str], list[str]]) -> dict[str, Any]:
        return {
            **part,
            "title": part_title(self.t, part["kind"], n),
            "picture": f"/media/pictures/{part['file']}" if part.get("file") else "",
            "units": {name: texts.units(str(value)) for name, value in part.items()},
            "most": contents.TEXT if part["kind"] == "text" else contents.INTRO,
            "languages": [(language, OWN_NAMES[language]) for language in self.club.languages],
            "faults": {field: said for (at, field), said in placed.items() if at == n},
        }


def masking(content: dict[str, Any], name: str | None) -> dict[str, Any]:
    """Content for a preview: where a person's name would stand, it stands masked (C3). None: variables stay as they are."""
    if name is None:
        return content

    def masked(said: object) -> object:
        return _NAME.sub(name, said) if isinstance(said, str) else said

    parts = [{field: masked(said) for field, said in part.items()} for part in content["parts"]]
    return {**content, "parts": parts}
