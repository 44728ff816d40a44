"""Pages for browsers: members, partners' staff, operators. They ask the rules in `benefits` and word what those answer."""
