"""Every claim about speed as a command: `python -m bench NAME`. Ours and a peer in the same run, on the same machine."""
