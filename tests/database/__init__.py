"""The database's own room."""
