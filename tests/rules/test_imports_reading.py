"""Reading files: encodings, headers and lines that cannot be read, each told by its place while the rest goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benefits.imports.encoding import LONGEST_LINE, FileRefused
from benefits.imports.reading import CsvFile
from tests.rules.importing import write

HEADER = ("a", "b")


def read(path: Path) -> list[tuple[int, list[str], bool]]:
    """(line, cells, whether it is good) of every record."""
    return [(line, cells, fault is None) for line, cells, fault in CsvFile(path, HEADER, ("c",)).records()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp874"])
def test_thai_in_utf8_with_and_without_bom_and_in_tis620(tmp_path: Path, encoding: str) -> None:
    """TIS-620 is found without being told."""
    path = write(tmp_path, "a,b\r\nร้านก๋วยเตี๋ยว,น้ำ\r\nx,y\r\n", encoding)
    assert read(path) == [(2, ["ร้านก๋วยเตี๋ยว", "น้ำ"], True), (3, ["x", "y"], True)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_are_refused_with_the_remedy(tmp_path: Path, encoding: str) -> None:
    """Nothing is guessed: an accented Latin letter read as Thai would be a mark with nothing under it."""
    path = write(tmp_path, "a,b\nCafé Olé,thé\n", encoding)
    with pytest.raises(FileRefused, match="save it as CSV UTF-8"):
        CsvFile(path, HEADER)


def test_a_spoiled_line_in_a_utf8_file_is_rejected_alone(tmp_path: Path) -> None:
    """One Latin-1 byte does not make a UTF-8 file TIS-620."""
    path = tmp_path / "file.csv"
    path.write_bytes("a,b\nกาแฟ,1\n".encode() + b"caf\xe9,2\n" + "ชา,3\n".encode())
    assert [(line, good) for line, _, good in read(path)] == [(2, True), (3, False), (4, True)]


def test_nul_bytes_columns_and_long_lines_are_rejected_by_line(tmp_path: Path) -> None:
    """Each fault costs its own line."""
    long = "x" * (LONGEST_LINE * 2)
    path = write(tmp_path, f"a,b\n1,\0\n1,2,3\n1\n{long},1\n\n , \n8,9\n")
    assert [(line, good) for line, _, good in read(path)] == [(2, False), (3, False), (4, False), (5, False), (8, True)]


def test_a_quote_never_closed_costs_one_line(tmp_path: Path) -> None:
    """The rest of the file is not swallowed, whether quotes follow or not, at the end too."""
    path = write(tmp_path, 'a,b\n"open,1\n2,2\n"x, y",3\n4,"open\n"5",5\n6,"end\n')
    found = read(path)
    assert [(line, good) for line, _, good in found] == [
        (2, False),
        (3, True),
        (4, True),
        (5, False),
        (6, True),
        (7, False),
    ]
    assert found[2][1] == ["x, y", "3"]


def test_a_text_over_several_lines_is_one_record(tmp_path: Path) -> None:
    """Line numbers stay those of the file."""
    path = write(tmp_path, 'a,b\n"one\ntwo ""quoted""\nthree",1\n2,2\n"x"y,3\n')
    assert read(path) == [
        (2, ['one\ntwo "quoted"\nthree', "1"], True),
        (5, ["2", "2"], True),
        (6, ['"x"y', "3"], False),
    ]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", "the file is empty"),
        ("a\n", "the column 'b' is missing"),
        ("a,b,d\n", "the column 'd' is not known"),
        ("a,b,b\n", "the column 'b' is there twice"),
        ("a;b\n1;2\n", "not separated by commas"),
    ],
)
def test_a_wrong_header_is_refused_by_name(tmp_path: Path, header: str, told: str) -> None:
    """The message names the column and says what the first line must be."""
    with pytest.raises(FileRefused, match=told):
        CsvFile(write(tmp_path, header), HEADER, ("c",))


def test_columns_may_stand_in_any_order_and_case(tmp_path: Path) -> None:
    """The header decides what a cell is."""
    assert CsvFile(write(tmp_path, "B,a,C\n1,2,3\n"), HEADER, ("c",)).header == ["b", "a", "c"]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_it_stumble(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """H3: any bytes after a header are records, rejected lines, or a refused file; and no good record has a NUL."""
    path = tmp_path_factory.mktemp("fuzz") / "file.csv"
    path.write_bytes(b"a,b\n" + content)
    try:
        found = read(path)
    except FileRefused:
        return
    assert all(len(cells) == 2 and "\0" not in "".join(cells) for _, cells, good in found if good)
    assert [line for line, _, _ in found] == sorted({line for line, _, _ in found})
