"""Tests of the demo: its example data, its pictures, and its launcher."""
