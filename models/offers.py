"""Offers: what is sent to many, to whom, in which batches, and what came of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Offer(Base):
    """One offer, from draft to result. Content and audience are data; `digest` of both is what an approval names."""

    __tablename__ = "offers"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'asked', 'approved', 'preparing', 'sending', 'paused', 'stopped', 'done', 'expired')",
            name="state_known",
        ),
        CheckConstraint("holdout_percent BETWEEN 0 AND 50", name="holdout_share"),
        CheckConstraint("pace BETWEEN 1 AND 100000", name="pace_bounds"),
        CheckConstraint(
            "state NOT IN ('preparing', 'sending', 'done') OR approved_digest = digest", name="sent_as_approved"
        ),
        CheckConstraint("approved_by IS NULL OR approved_by <> author_id", name="second_person"),
        Index(
            "ix_offers_open", "club", "start_at", postgresql_where=text("state IN ('approved', 'preparing', 'sending')")
        ),
    )

    id: Mapped[Key]
    club: Mapped[str]
    name: Mapped[str]
    """For colleagues; never sent."""
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    """Who wrote it, or changed it last: she may not approve it (E10)."""
    state: Mapped[str] = mapped_column(default="draft")
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    audience: Mapped[dict[str, Any]] = mapped_column(default=dict)
    holdout_percent: Mapped[int] = mapped_column(SmallInteger, default=0)
    start_at: Mapped[datetime | None]
    """None: as soon as it is approved and the hold-back is over."""
    not_after: Mapped[datetime | None]
    """Not begun by then, it is not begun at all: `expired`."""
    hold_back_minutes: Mapped[int] = mapped_column(SmallInteger, default=5)
    """Between approval and the first message, so that a slip can be stopped."""
    pace: Mapped[int] = mapped_column(default=1000)
    """Recipients a second at most."""
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of everything an approver sees."""
    asked_at: Mapped[datetime | None]
    approved_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None]
    recipients: Mapped[int | None]
    """Rows of its audience, held-out and left-out ones among them; none until prepared."""
    reserved: Mapped[int] = mapped_column(default=0)
    """Messages of the month's quota set aside for it while it is being sent."""
    paused_reason: Mapped[str | None]
    """`asked`, `quota`, `token`, `refused`; none unless paused."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    prepared_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    line_figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """LINE's own statistics of it, as LINE last gave them: null in them stands for fewer than 20."""
    line_figures_at: Mapped[datetime | None]


class Body(Base):
    """What an offer says in one language, drawn once when it was prepared: the same for every batch, after any update too."""

    __tablename__ = "offer_bodies"

    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[Any] = mapped_column(JSONB)


class Recipient(Base):
    """One person of one offer's audience, as it stood when the offer was prepared. The key makes a second one impossible.

    `batched`: she is in the batch of her language whose range of ids holds hers, and what came of it is that batch's
    state. A batch that leaves writes no row here: at a million people that is what makes sending as fast as LINE.
    Nothing points at `offers`: the check would be made a million times, and offers are never deleted.
    """

    __tablename__ = "offer_recipients"
    __table_args__ = (
        CheckConstraint(
            "state IN ('batched', 'held_out', 'opted_out', 'blocked', 'capped', 'malformed', 'incomplete', 'erased')",
            name="state_known",
        ),
        Index("ix_offer_recipients_left_out", "offer_id", "state", postgresql_where=text("state <> 'batched'")),
    )

    offer_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str]
    state: Mapped[str]


class Batch(Base):
    """Up to 500 people of one language who get one body in one call: `planned` as a range of ids when the offer is
    prepared, frozen into LINE's ids when it is sent. Key and ids are stored before the first attempt; the ids go when the
    outcome is known, for the range tells who they were."""

    __tablename__ = "offer_batches"
    __table_args__ = (
        CheckConstraint(
            "state IN ('planned', 'sending', 'accepted', 'refused', 'unknown', 'stopped', 'empty')", name="state_known"
        ),
        CheckConstraint("kind IN ('multicast', 'push')", name="kind_known"),
        CheckConstraint(
            "state <> 'sending' OR (first_attempt_at IS NOT NULL AND line_user_ids IS NOT NULL)",
            name="sending_is_frozen",
        ),
        CheckConstraint("cardinality(line_user_ids) BETWEEN 1 AND 500", name="size"),
        CheckConstraint("doubtful BETWEEN 0 AND attempts", name="doubtful_attempts"),
        UniqueConstraint("retry_key"),
        Index("ix_offer_batches_planned", "offer_id", "id", postgresql_where=text("state = 'planned'")),
        Index("ix_offer_batches_sending", "offer_id", "id", postgresql_where=text("state = 'sending'")),
        Index("ix_offer_batches_range", "offer_id", "first_person_id"),
    )

    id: Mapped[Key]
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id"))
    kind: Mapped[str]
    """`multicast`, or `push` for a body that names its one reader."""
    language: Mapped[str]
    first_person_id: Mapped[int]
    last_person_id: Mapped[int]
    """No other batch of the offer in this language has anybody between these two."""
    size: Mapped[int]
    """People in it: as planned, then as frozen."""
    retry_key: Mapped[UUID] = mapped_column(Uuid)
    line_user_ids: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    messages: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    """Of a push, its own; none: the offer's body in this language."""
    state: Mapped[str] = mapped_column(default="planned")
    owner: Mapped[UUID | None] = mapped_column(Uuid)
    lease_until: Mapped[datetime | None]
    """By the database's clock."""
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    doubtful: Mapped[int] = mapped_column(SmallInteger, default=0)
    """Attempts that LINE may have accepted without our knowing, one under way among them. None: surely nothing arrived."""
    first_attempt_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    """When a person decided to leave an `unknown` one as it is; sent again, it is `planned` anew."""
    request_id: Mapped[str | None]
    error: Mapped[str | None]


class SendRate(Base):
    """The one row that every worker of a club asks before a call: when the next may start, by the database's clock."""

    __tablename__ = "send_rates"
    __table_args__ = (
        CheckConstraint("share BETWEEN 1 AND 100", name="share_bounds"),
        CheckConstraint("factor BETWEEN 1 AND 100", name="factor_bounds"),
    )

    club: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    """When `factor` was last changed, so that many workers who see one trouble slow down once."""
    factor: Mapped[int] = mapped_column(SmallInteger, default=100)
    """Percent of the pace, halved by LINE's 429 and when webhooks lag, and grown back."""
    share: Mapped[int] = mapped_column(SmallInteger, default=80)
    """Percent of LINE's allowed calls that offers may take: other tools use the same channel."""


class Link(Base):
    """One link of an offer behind our own redirect."""

    __tablename__ = "offer_links"
    __table_args__ = (UniqueConstraint("token"), UniqueConstraint("offer_id", "language", "position"))

    id: Mapped[Key]
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id"))
    language: Mapped[str]
    position: Mapped[int] = mapped_column(SmallInteger)
    token: Mapped[str]
    target: Mapped[str]


class Click(Base):
    """One opening of a link. Who it was is known only for bodies sent to one person."""

    __tablename__ = "offer_clicks"
    __table_args__ = (Index("ix_offer_clicks_link_id", "link_id", "at"),)

    id: Mapped[Key]
    link_id: Mapped[int] = mapped_column(ForeignKey("offer_links.id"))
    at: Mapped[datetime]


class AudienceList(Base):
    """A list of people uploaded as a file."""

    __tablename__ = "audience_lists"

    id: Mapped[Key]
    club: Mapped[str]
    name: Mapped[str]
    by_staff: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    found: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)


class AudienceListPerson(Base):
    """One person on an uploaded list."""

    __tablename__ = "audience_list_people"

    list_id: Mapped[int] = mapped_column(ForeignKey("audience_lists.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)


class TestSend(Base):
    """One test message to one named tester: a deed of its own, that no replay turns into a sending (E12)."""

    __tablename__ = "offer_tests"
    __table_args__ = (
        CheckConstraint("state IN ('new', 'sending', 'accepted', 'refused', 'unknown')", name="state_known"),
        UniqueConstraint("retry_key"),
        Index("ix_offer_tests_open", "id", postgresql_where=text("state IN ('new', 'sending')")),
    )
    __test__ = False

    id: Mapped[Key]
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    by_staff: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    retry_key: Mapped[UUID] = mapped_column(Uuid)
    messages: Mapped[Any] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(default="new")
    lease_until: Mapped[datetime | None]
    """By the database's clock."""
    asked_at: Mapped[datetime]
    first_attempt_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    error: Mapped[str | None]


class Tester(Base):
    """A person who gets test messages, named by a colleague."""

    __tablename__ = "testers"
    __table_args__ = (UniqueConstraint("club", "person_id"),)
    __test__ = False

    id: Mapped[Key]
    club: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str]
    added_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    added_at: Mapped[datetime]


class Budget(Base):
    """A club's monthly messages: what is kept back for reminders, and what LINE last said is left."""

    __tablename__ = "budgets"
    __table_args__ = (CheckConstraint("reserve >= 0 AND cost_satang >= 0", name="not_negative"),)

    club: Mapped[str] = mapped_column(primary_key=True)
    reserve: Mapped[int] = mapped_column(default=0)
    cost_satang: Mapped[int] = mapped_column(default=0)
    """What one message costs; an example until finance says it."""
    cap_messages: Mapped[int] = mapped_column(SmallInteger, default=4)
    cap_days: Mapped[int] = mapped_column(SmallInteger, default=7)
    """The frequency cap: so many offers to one person in so many days."""
    quiet_from: Mapped[int] = mapped_column(SmallInteger, default=21)
    quiet_to: Mapped[int] = mapped_column(SmallInteger, default=9)
    """Bangkok hours between which no offer starts a batch; equal: none."""
    quota: Mapped[int | None]
    """LINE's limit of the month; none: no limit, or not asked yet."""
    used: Mapped[int | None]
    asked_at: Mapped[datetime | None]
