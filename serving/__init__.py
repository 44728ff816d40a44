"""How requests get in: gunicorn's processes, waitress's reading of requests, and bounds on everything a stranger may ask."""
