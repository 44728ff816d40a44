"""What staff change by hand: privileges and partners, field by field; each fault names its field and what is wrong with it."""

from benefits.editing.faults import ChangedMeanwhile, Fault, Faulty, NeedsAgreement, Unknown, Warned

__all__ = ["ChangedMeanwhile", "Fault", "Faulty", "NeedsAgreement", "Unknown", "Warned"]
