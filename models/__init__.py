"""Tables and constraints, nothing else. One file per family; importing this package knows them all."""

from models.base import Base
from models.charges import Charge, Import
from models.claims import Claim
from models.journal import JournalEntry
from models.members import Admin, Member, Membership
from models.menus import PublishedMenu
from models.notices import Notice
from models.people import Consent, Person
from models.privileges import Code, Partner, Privilege
from models.rounds import Entry, Run
from models.turns import TurnRow

__all__ = [
    "Admin",
    "Base",
    "Charge",
    "Claim",
    "Code",
    "Consent",
    "Entry",
    "Import",
    "JournalEntry",
    "Member",
    "Membership",
    "Notice",
    "Partner",
    "Person",
    "Privilege",
    "PublishedMenu",
    "Run",
    "TurnRow",
]
