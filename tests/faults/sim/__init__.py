"""The club simulated: histories of steps, a town they happen in, an oracle in plain Python, and what must always hold."""
