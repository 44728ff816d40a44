"""Rich menus as published at LINE: what is there, and what it was made from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from models.base import Base, Key


class PublishedMenu(Base):
    """One rich menu created at LINE. `digest` covers its JSON and its picture: equal digest, nothing to do."""

    __tablename__ = "published_menus"
    __table_args__ = (
        CheckConstraint("state IN ('creating', 'uploaded', 'live', 'retired')", name="state_known"),
        Index("uq_published_menus_live", "club", "key", unique=True, postgresql_where=text("state = 'live'")),
    )

    id: Mapped[Key]
    club: Mapped[str]
    key: Mapped[str]
    """E.g. `member.th.main`; also the alias at LINE, with dots as dashes."""
    digest: Mapped[str]
    rich_menu_id: Mapped[str | None]
    state: Mapped[str]
    created_at: Mapped[datetime]
    """When LINE was asked to create it (or, found there unknown, when it was found)."""
    deleted_at: Mapped[datetime | None]
    """When LINE was asked to delete it; LINE takes a hundred of each an hour."""
