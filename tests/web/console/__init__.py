"""The console, in process where a browser adds nothing."""
