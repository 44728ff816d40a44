"""Pages for browsers, asked over HTTP and looked at in Chromium."""
