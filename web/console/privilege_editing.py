"""The form of a privilege: making one, copying one, changing one, its picture, and the phones that show what is typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Response, abort, jsonify, request
from flask_admin import expose
from werkzeug.wrappers import Response as Answer

from benefits import pictures
from benefits.editing import ChangedMeanwhile, Fault, Faulty, NeedsAgreement, Unknown, privilege_form, privileges
from benefits.editing.privilege_form import Typed
from benefits.imports.privilege_rows import REDEEM, SCOPES
from benefits.refusal import Refusal
from models import Partner, Privilege
from web.console.access import READERS, allow
from web.console.cells import label
from web.console.offer_words import picture_refusal
from web.console.page import Page
from web.console.privilege_words import by_field, field_names, redeem_name, scope_name, warning_sentence
from web.member.pictures import placeholder

MAKERS = ("marketer", "admin")
SPOKEN = ("th", "en")


@dataclass(frozen=True)
class Told:
    """What the form says back: sentences by field, warnings by name, and whether somebody was faster."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    warnings: tuple[tuple[str, str], ...] = ()
    meanwhile: bool = False


class PrivilegeEditing(Page):
    """The pages with the form. Mixed into the list of privileges, whose addresses they share."""

    @expose("/new", methods=["GET", "POST"])
    @allow(*MAKERS)
    def new(self) -> Response | Answer:
        """An empty form, or with `?copy=<id>` that of a copy; POST makes it."""
        source = self._source()
        if request.method == "GET":
            return self._form(_copied(source) if source else privilege_form.blank(), source=source)
        typed, spoiled = self._typed()
        try:
            self._check(privileges.with_code_of(self.session, source, typed), None, spoiled)
            with self.console.sessions.begin() as session:
                copied = source.id if source else None
                row = privileges.create(
                    session, club=self.club, typed=typed, by=self.staff.id, now=self.now, copied_from=copied
                )
        except Faulty as refused:
            return self._form(typed, Told(by_field(self.t, refused.faults) | spoiled), source=source, status=400)
        told = self.t("“{name}” is made. This is how members see it.", name=label(row, "name", self.t))
        return self.done(told, f"{self.url}/{row.id}")

    @expose("/<int:row_id>/change", methods=["GET", "POST"])
    @allow(*MAKERS)
    def change(self, row_id: int) -> Response | Answer:
        """The form of one privilege; POST changes what differs."""
        row = self.find(Privilege, row_id)
        if request.method == "GET":
            return self._form(privilege_form.shown(row), row=row)
        typed, spoiled = self._typed()
        try:
            self._check(typed, row, spoiled)
            changed = self._change(row_id, typed)
        except Faulty as refused:
            return self._form(typed, Told(by_field(self.t, refused.faults) | spoiled), row=row, status=400)
        except NeedsAgreement as asked:
            warnings = tuple((warned.what, warning_sentence(self.t, warned)) for warned in asked.warnings)
            return self._form(typed, Told(warnings=warnings), row=row, status=409)
        except ChangedMeanwhile:
            return self._form(typed, Told(meanwhile=True), row=row, status=409)
        told = self.t("Saved.") if changed else self.t("Nothing was changed.")
        return self.done(told, f"{self.url}/{row_id}")

    @expose("/picture", methods=["POST"])
    @allow(*MAKERS)
    def picture(self) -> Response | tuple[Response, int]:
        """Keep a picture before its form is sent, so that the phones show it: its name, or why it was not taken."""
        try:
            return jsonify(picture=self._kept_picture().name)
        except Refusal as refusal:
            return jsonify(fault=picture_refusal(self.t, refusal)), 400

    @expose("/drawn/<int:partner_id>.png")
    @allow(*READERS)
    def drawn(self, partner_id: int) -> Response:
        """The picture of a privilege that has none, by its partner; 0: no partner is chosen yet."""
        name = self.find(Partner, partner_id).name_en if partner_id else ""
        return Response(placeholder(name), content_type="image/png")

    @expose("/preview", methods=["POST"])
    @allow(*MAKERS)
    def preview(self) -> Response:
        """The messages of what is typed, by language. Nothing is written."""
        row_id = request.form.get("row_id", "")
        row = self.find(Privilege, int(row_id)) if row_id.isdecimal() and len(row_id) < 19 else None
        return jsonify(messages=self.phones(self._draft(self._typed()[0], row)))

    def phones(self, privilege: Privilege) -> dict[str, list[dict[str, Any]]]:
        """The card in each language; where LINE would refuse it, a text that says so."""
        found = {}
        for language in SPOKEN:
            try:
                card = self.console.preview_card(self.session, self.club, privilege, language)
            except ValueError:
                card = {"type": "text", "text": self.t("The texts are too long for a card.")}
            if privilege.picture is None and "contents" in card:
                # The chat's address of a drawn picture is good only once the privilege is there.
                card["contents"]["hero"]["url"] = f"{self.url}/drawn/{privilege.partner.id or 0}.png"
            found[language] = [card]
        return found

    def _change(self, row_id: int, typed: Typed) -> list[str]:
        with self.console.sessions.begin() as session:
            try:
                return privileges.change(
                    session,
                    club=self.club,
                    privilege_id=row_id,
                    typed=typed,
                    by=self.staff.id,
                    now=self.now,
                    seen=request.form.get("seen", ""),
                    agreed=request.form.getlist("agreed"),
                )
            except Unknown:
                abort(404)

    def _check(self, typed: Typed, row: Privilege | None, spoiled: dict[str, list[str]]) -> None:
        """Besides the fields: a picture that was not taken, and a card that LINE would refuse. Raises `Faulty`."""
        partners = [partner.id for partner in privileges.partners_of(self.session, self.club)]
        faults = list(privilege_form.read(typed, club=self.club, partners=partners, stored=row).faults)
        if not faults:
            draft = self._draft(typed, row)
            try:
                for language in SPOKEN:
                    self.console.preview_card(self.session, self.club, draft, language)
            except ValueError:
                faults = [Fault(f"conditions_{language}", "card_heavy")]
        if faults or spoiled:
            raise Faulty(faults)

    def _draft(self, typed: Typed, row: Privilege | None) -> Privilege:
        """What is typed as a privilege that is in no database; where it cannot be taken, what would stand there."""
        partners = {partner.id: partner for partner in privileges.partners_of(self.session, self.club)}
        found = privilege_form.read(typed, club=self.club, partners=list(partners), stored=row)
        bad = {fault.field for fault in found.faults}
        plain = {"scope": "account", "redeem": "code", "claim_limit": 1, "tiers": [], "picture": None}
        values = {**found.values, **{name: plain[name] for name in plain if name in bad}}
        partner = partners.get(values.pop("partner_id") or 0) or Partner(key="", name_th="…", name_en="…")
        for name in ("name_th", "name_en"):
            values[name] = values[name] or "…"
        key, taken = found.key or "new", row.taken if row else 0
        return Privilege(id=row.id if row else 0, club=self.club.key, key=key, partner=partner, taken=taken, **values)

    def _typed(self) -> tuple[Typed, dict[str, list[str]]]:
        """The fields that came, with the picture that came along kept; or why it was not."""
        fields, spoiled = request.form.to_dict(), {}
        upload = request.files.get("upload")
        if fields.get("drop_picture"):
            fields["picture"] = ""
        if upload is not None and upload.filename:
            try:
                fields["picture"] = self._kept_picture().name
            except Refusal as refusal:
                spoiled["picture"] = [picture_refusal(self.t, refusal)]
        return Typed(fields, request.form.getlist("tiers")), spoiled

    def _kept_picture(self) -> pictures.Picture:
        upload = request.files.get("upload") or abort(400)
        data = upload.stream.read(pictures.LARGEST_FILE + 1)
        return pictures.take(self.console.settings.data_dir / "uploads", data)

    def _source(self) -> Privilege | None:
        asked = request.values.get("copy", "")
        return self.find(Privilege, int(asked)) if asked.isdecimal() and len(asked) < 19 else None

    def _form(
        self,
        typed: Typed,
        told: Told | None = None,
        *,
        row: Privilege | None = None,
        source: Privilege | None = None,
        status: int = 200,
    ) -> Response:
        t = self.t
        partners = privileges.partners_of(self.session, self.club)
        change = t("Change “{name}”", name=label(row, "name", t)) if row else ""
        return self.show(
            "console/privilege_form.html",
            status,
            title=change or (t("Copy of a privilege") if source else t("New privilege")),
            row=row,
            source=source,
            typed=typed.fields,
            ticked=typed.tiers,
            told=told or Told(),
            names=field_names(t),
            seen=privileges.version_of(row) if row else "",
            partners=[(str(partner.id), label(partner, "name", t)) for partner in partners],
            tiers=[(tier.key, self.club.say(tier.name, t.language)) for tier in self.club.tiers],
            scopes=[(scope, scope_name(scope, t)) for scope in SCOPES],
            redeems=[(redeem, redeem_name(redeem, t)) for redeem in REDEEM],
            agreed=request.form.getlist("agreed"),
            has_code=row is not None and row.code is not None,
            phones=self.phones(self._draft(typed, row)),
        )


def _copied(source: Privilege) -> Typed:
    """The form of a copy: all but the id, which is another's; the code comes along when it is made."""
    shown = privilege_form.shown(source)
    return Typed({**shown.fields, "key": f"{source.key}-2"[:60]}, shown.tiers)
