"""The whole product in a real browser, walked as its README tells."""
