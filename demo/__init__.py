"""The demo: example data of an invented year, and the launcher that starts everything on this machine."""
