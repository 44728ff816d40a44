"""Who has a phone in the demo, who is a friend already, and what a newcomer is told to try."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from clubs import Club
from demo.accounts import Somebody, people
from demo.plan import Plan
from models import Person

FRIENDS = ("emma", "kong", "wit")
"""They have added the bot when the demo is first started. May and Boy have not: that is where the story begins."""


def phones() -> list[Somebody]:
    """Everybody with a phone, in order."""
    return [one for one in people() if one.phone is not None]


def friends(sessions: sessionmaker[Session], club: Club, *, first: bool) -> list[str]:
    """LINE user ids of those with a phone who are friends of the bot: at the first start some, later who was by then.

    The simulator forgets when it ends; what it forgot is known in the database.
    """
    if first:
        return [one.id for one in people() if one.key in FRIENDS]
    with sessions() as session:
        known = set(session.scalars(select(Person.line_user_id).where(Person.club == club.key, Person.friend)))
    return [one.id for one in phones() if one.id in known]


def told(plan: Plan, seconds: float) -> str:
    """What is printed when everything answers."""
    return f"""
────────────────────────────────────────────────────────────────────────────────
  Open  {plan.line_url}   (everything runs, after {seconds:.0f} s)

  Two phones: May (เมย์) and Boy (บอย), administrators of the same account, @noodlebar.
   1. On each phone: Add friend, join (เข้าร่วมคลับ on the menu), agree (ตกลง).
      May is the first: her tap brings @noodlebar into the club.
   2. On each phone: My privileges (สิทธิพิเศษของฉัน), the coffee, Claim (รับสิทธิ์), @noodlebar.
      The first to tap has it. The other is told who was first, and what else there is.
   3. Move the clock to the 2nd: within a minute @noodlebar has risen to Silver. Ask for
      Official accounts (บัญชีทางการ).
  The console: {plan.bot_url}/console/   (marketer, approver, finance, admin …: its first page has their sign-ins)
  The partner's side, with PINs, and the ways to all of it: {plan.bot_url}/
  Emma's phone speaks English. Lek is only an operator, Ning's account is premium: see what they are told.

  The bot     {plan.bot_url}   health at /readyz
  Data        {plan.data_dir}   (still there at the next make run; “Start over” on the phones' page begins anew)
  Logs        {plan.logs}
  Ctrl-C ends everything.
────────────────────────────────────────────────────────────────────────────────"""
