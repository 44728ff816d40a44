"""Tables and constraints, one file per family; importing this package knows them all. `queries`: how the hottest are asked."""

from models.base import Base
from models.charges import Charge, Import
from models.claims import Claim
from models.corrections import Correction, CorrectionLine
from models.journal import JournalEntry
from models.members import Admin, Member, Membership
from models.menus import PublishedMenu
from models.notices import Notice
from models.offers import (
    AudienceList,
    AudienceListPerson,
    Batch,
    Body,
    Budget,
    Click,
    Link,
    Offer,
    Recipient,
    SendRate,
    Tester,
    TestSend,
)
from models.people import Consent, Person
from models.privileges import Code, Partner, Privilege
from models.requests import StaffRequest
from models.rounds import Entry, RoundPreview, Run
from models.staff import RecoveryCode, SignInDoor, Staff, StaffChat, StaffConfirmation, StaffRole, StaffSession
from models.turns import TurnRow
from models.uploads import Upload

__all__ = [
    "Admin",
    "AudienceList",
    "AudienceListPerson",
    "Base",
    "Batch",
    "Body",
    "Budget",
    "Charge",
    "Claim",
    "Click",
    "Code",
    "Consent",
    "Correction",
    "CorrectionLine",
    "Entry",
    "Import",
    "JournalEntry",
    "Link",
    "Member",
    "Membership",
    "Notice",
    "Offer",
    "Partner",
    "Person",
    "Privilege",
    "PublishedMenu",
    "Recipient",
    "RecoveryCode",
    "RoundPreview",
    "Run",
    "SendRate",
    "SignInDoor",
    "Staff",
    "StaffChat",
    "StaffConfirmation",
    "StaffRequest",
    "StaffRole",
    "StaffSession",
    "TestSend",
    "Tester",
    "TurnRow",
    "Upload",
]
