"""Every sentence we say exists in every language we speak, with the same placeholders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from wording import FOLDER, words

ROOT = Path(__file__).parent.parent
SPEAKERS = ("handlers", "richmenu", "web", "wording")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
TEMPLATE_CALL = re.compile(r"""\bt\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")


def sentences() -> Iterator[tuple[str, str]]:
    """(where, sentence) for every `t("…")` and `t.count("…", "…")` in code and templates."""
    for room in SPEAKERS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield from ((f"{path.name}:{node.lineno}", said) for said in _said(node))
        for path in sorted((ROOT / room).rglob("*.html")):
            for match in TEMPLATE_CALL.finditer(path.read_text()):
                yield path.name, (match[1] or match[2]).replace("\\'", "'").replace('\\"', '"')


def _said(node: ast.Call) -> Iterator[str]:
    voice = node.func
    is_voice = (isinstance(voice, ast.Name) and voice.id == "t") or (
        isinstance(voice, ast.Attribute) and voice.attr in ("words", "t")
    )
    is_count = (
        isinstance(voice, ast.Attribute)
        and voice.attr == "count"
        and isinstance(voice.value, ast.Name)
        and voice.value.id == "t"
    )
    for argument in node.args[:1] if is_voice else node.args[:2] if is_count else []:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def catalogue(language: str) -> dict[str, tuple[str, ...]]:
    """Translations by English sentence."""
    found: dict[str, tuple[str, ...]] = {}
    for file in sorted((FOLDER / language).glob("*.po")):
        with file.open("rb") as po:
            for message in read_po(po, locale=language):
                if message.id:
                    keys = message.id if isinstance(message.id, tuple) else (message.id,)
                    strings = message.string if isinstance(message.string, tuple) else (message.string,)
                    for key in keys:
                        found[str(key)] = tuple(str(string) for string in strings)
    return found


def test_there_is_something_to_say() -> None:
    """The finder finds: a changed way of calling would make the next test vacuous."""
    assert len({said for _, said in sentences()}) > 100


@pytest.mark.parametrize("language", ["th"])
def test_every_sentence_is_said_in_every_language(language: str) -> None:
    """English is the key; every other language of the shipped clubs has each sentence, placeholders alike."""
    known = catalogue(language)
    missing = sorted({f"{where}: {said}" for where, said in sentences() if not all(known.get(said, ("",)))})
    assert missing == []
    for _, said in sentences():
        for string in known[said]:
            assert set(PLACEHOLDER.findall(string)) <= set(PLACEHOLDER.findall(said)) | {"n"}, said
            assert set(PLACEHOLDER.findall(said)) - {"n"} <= set(PLACEHOLDER.findall(string)), said


@pytest.mark.parametrize("language", ["th"])
def test_no_sentence_is_left_over(language: str) -> None:
    """A translation nobody says any more goes."""
    said = {sentence for _, sentence in sentences()}
    assert sorted(set(catalogue(language)) - said) == []


def test_russian_is_prepared() -> None:
    """Three plural forms; a sentence without a translation is said in English, never left out."""
    t = words("ru")
    said = [t.count("{n} unused claim is void.", "{n} unused claims are void.", n) for n in (1, 2, 5, 21)]
    assert [sentence.split()[1] for sentence in said] == [
        "неиспользованная",
        "неиспользованные",
        "неиспользованных",
        "неиспользованная",
    ]
    assert t("Agree") == "Согласен"
    assert t("Kept for later: {privilege} ({account})", privilege="x", account="y") == "Kept for later: x (y)"
