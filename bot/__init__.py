"""Talking with LINE: webhook in, replies out. Knows nothing of benefits."""
