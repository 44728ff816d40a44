"""The house keeps its shape: who imports whom, how long files and functions get, who may read the clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = (
    "app", "settings", "clock", "bot", "handlers", "richmenu", "models", "benefits", "clubs", "commands", "jobs", "web",
    "wording", "simulator", "database", "bench", "demo", "serving",
)  # fmt: skip
EVERYTHING = set(ROOMS) - {"simulator", "demo", "bench"}
ALLOWED: dict[str, set[str]] = {
    "app": EVERYTHING,
    "commands": EVERYTHING,
    "jobs/__main__": EVERYTHING,
    "jobs/wiring": EVERYTHING,
    "demo": EVERYTHING,
    "bench": set(ROOMS),
    "handlers": {"benefits", "richmenu", "bot", "clubs", "wording", "models"},
    "web": {"benefits", "clubs", "wording", "models", "settings", "clock", "database", "serving"},
    "jobs": {"benefits", "bot", "models", "clubs", "richmenu"},
    "richmenu": {"bot", "clubs", "wording", "models"},
    "bot": {"models", "clubs", "wording"},
    "benefits": {"models", "clubs"},
    "database": {"models"},
    "models": set(),
    "clubs": set(),
    "wording": set(),
    "clock": set(),
    "settings": set(),
    "simulator": set(),
    "serving": set(),
}
"""As docs/architecture.md says it; a room may always import itself."""
FOREIGN = {"flask", "linebot", "apscheduler"}
WITHOUT_FOREIGN = ("benefits", "models", "clubs", "wording")
LONGEST_FILE = 300
LONGEST_FUNCTION = 45


def sources() -> Iterator[Path]:
    """Every Python file of the product."""
    for room in ROOMS:
        place = ROOT / room
        yield from (
            sorted(place.rglob("*.py"))
            if place.is_dir()
            else [ROOT / f"{room}.py"]
            if place.with_suffix(".py").exists()
            else []
        )


PRODUCT = [path for path in sources() if "node_modules" not in path.parts and "versions" not in path.parts]


def name(path: Path) -> str:
    """`bot/line.py` and the like."""
    return str(path.relative_to(ROOT))


def imports(path: Path) -> set[str]:
    """The top-level packages a file imports, those only for type checking included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_imports_go_the_allowed_way(path: Path) -> None:
    """Rooms import only what the plan allows; the rules know neither Flask nor LINE."""
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    allowed = ALLOWED.get(name(path).removesuffix(".py"), ALLOWED[room]) | {room}
    assert (imports(path) & set(ROOMS)) - allowed == set()
    if room in WITHOUT_FOREIGN:
        assert imports(path) & FOREIGN == set()
    if room != "bench" and name(path) != "bot/line.py":
        assert "linebot" not in imports(path)


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_files_and_functions_stay_readable(path: Path) -> None:
    """300 lines a file, 45 a function; every module and public function says what it is for."""
    source = path.read_text()
    tree = ast.parse(source)
    assert len(source.splitlines()) <= LONGEST_FILE
    assert ast.get_docstring(tree) or not source.strip(), "the module has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, node.name
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


@pytest.mark.parametrize(
    "path", [p for p in PRODUCT if p.parts[len(ROOT.parts)] not in ("simulator", "demo", "bench")], ids=name
)
def test_only_the_clock_reads_the_time(path: Path) -> None:
    """Time is an argument: nobody but clock.py asks the system what time it is."""
    if name(path) in ("clock.py", "database/embedded.py", "database/cluster.py"):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            called = (node.func.value.id, node.func.attr)
            assert called not in {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}, (
                node.lineno
            )


def test_c10_signatures_are_compared_in_constant_time_and_never_skipped() -> None:
    """C10: `compare_digest` in the one place that checks; the SDK's switch to skip verification is nowhere."""
    assert "compare_digest" in (ROOT / "bot/webhook.py").read_text()
    assert [name(p) for p in PRODUCT if "skip_signature_verification" in p.read_text()] == []
