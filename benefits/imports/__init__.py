"""Taking CSV files: each kind of file is a module with `load`; what cannot be taken is told by line, column and remedy."""

from benefits.imports.encoding import FileRefused
from benefits.imports.result import ImportResult, Progress, silent

__all__ = ["FileRefused", "ImportResult", "Progress", "silent"]
