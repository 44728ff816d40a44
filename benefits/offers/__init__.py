"""Offers: what marketing sends to many. Drafted, approved by a second person, sent once to each, and read afterwards."""
