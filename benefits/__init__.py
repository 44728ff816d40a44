"""What the business promises: a session and values in, a value or a named refusal out. No wording, no network, no Flask."""
