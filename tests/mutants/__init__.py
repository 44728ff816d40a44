"""Mutants (H1): the program with one guard taken away, and the test that must notice. `python -m tests.mutants` runs all."""
