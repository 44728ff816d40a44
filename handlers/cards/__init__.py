"""The cards: what the rules said, as Flex JSON in one person's language. No SQL and no arithmetic."""
