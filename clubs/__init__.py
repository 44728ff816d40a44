"""Clubs as data: the catalogue of club files, read into frozen dataclasses."""

from clubs.catalogue import ClubFileError, club_files, load_club, load_clubs
from clubs.club import Club, Labels, NewMember, Notices, Round, Stars, Terms, Tier

__all__ = [
    "Club",
    "ClubFileError",
    "Labels",
    "NewMember",
    "Notices",
    "Round",
    "Stars",
    "Terms",
    "Tier",
    "club_files",
    "load_club",
    "load_clubs",
]
