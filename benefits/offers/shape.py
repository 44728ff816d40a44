"""Reading an offer's content: its languages, its texts, its links. Whether it is right is `content`'s to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benefits.offers import texts
from clubs import Club

Content = Mapping[str, Any]


def spoken(club: Club, content: Content) -> list[str]:
    """Languages this content is written in, in the club's order."""
    named = content.get("languages")
    return [language for language in club.languages if isinstance(named, list) and language in named]


def written(content: Content, language: str) -> Iterator[tuple[int, str, str]]:
    """Every text that holds variables or links, in order: (part, field, text)."""
    for n, part in enumerate(parts_of(content)):
        said = part.get(language)
        if part.get("kind") in ("text", "card") and isinstance(said, str) and said:
            yield n, language, said


def personal(content: Content) -> bool:
    """Whether what is sent differs from person to person: then it goes out one by one."""
    return any(texts.variables(text) for language in named(content) for _, _, text in written(content, language))


def addresses(content: Content, language: str) -> list[str]:
    """Every address one reads in this language, in order, once each: what gets a link of ours."""
    found = []
    for part in parts_of(content):
        if part.get("kind") == "text" and isinstance(part.get(language), str):
            found += texts.links(part[language])
        elif part.get("kind") == "image" and part.get("link"):
            found.append(str(part["link"]))
    return list(dict.fromkeys(found))


def parts_of(content: Content) -> list[Mapping[str, Any]]:
    """Its parts, as far as they are parts."""
    parts = content.get("parts")
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def named(content: Content) -> list[str]:
    """Languages it names, known or not."""
    named = content.get("languages")
    return [str(language) for language in named] if isinstance(named, list) else []
