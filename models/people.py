"""People: LINE users a club's channel has met, and what they agreed to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Person(Base):
    """One LINE user in one club's chat. LINE gives the same user another id under another provider."""

    __tablename__ = "people"
    __table_args__ = (
        UniqueConstraint("club", "line_user_id"),
        CheckConstraint("language IN ('th', 'en', 'ru')", name="language_known"),
        Index("ix_people_malformed", "id", postgresql_where=text("line_user_id !~ '^U[0-9a-f]{32}$'")),
        Index("ix_people_menu_behind", "club", postgresql_where=text("menu_wanted IS DISTINCT FROM menu_linked")),
    )

    id: Mapped[Key]
    club: Mapped[str]
    line_user_id: Mapped[str]
    friend: Mapped[bool] = mapped_column(default=False)
    friend_event_at: Mapped[datetime | None]
    """Time of the newest follow or unfollow event applied: an older one arriving late changes nothing (A8)."""
    language: Mapped[str | None]
    """Chosen in the chat, or taken from the LINE profile; none: the club's first language."""
    display_name: Mapped[bytes | None]
    """Sealed (see docs/personal-data.md)."""
    profile_at: Mapped[datetime | None]
    last_event_at: Mapped[datetime | None]
    opted_out_at: Mapped[datetime | None]
    menu_wanted: Mapped[str | None]
    menu_linked: Mapped[str | None]
    created_at: Mapped[datetime]


class Consent(Base):
    """One agreement of a person to one version of a club's terms; withdrawn when the person leaves the club."""

    __tablename__ = "consents"
    __table_args__ = (
        Index(
            "uq_consents_standing",
            "person_id",
            "purpose",
            "terms_version",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    purpose: Mapped[str]
    terms_version: Mapped[str]
    text_sha256: Mapped[str]
    language: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
