"""Places in texts: lines, columns and offsets, against Python's own reading of lines."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from tests.example_project import compile_text

from leadrules.core.source import SourceFile, Span

TEXTS = st.text(st.sampled_from("ab部𝒳 \r\n"), max_size=30)


@given(TEXTS)
def test_lines_are_those_that_python_reads(text: str) -> None:
    lines = list(io.StringIO(text, newline=""))
    file = SourceFile("x.lead", text)
    assert [file.line(number) for number in range(1, len(lines) + 1)] == [line.rstrip("\r\n") for line in lines]
    ends_open = not text or text[-1] not in "\r\n"
    assert len(file.line_starts) == max(len(lines), 1) + (0 if ends_open else 1)


@given(TEXTS, st.integers(0, 30))
def test_a_place_is_found_again(text: str, at: int) -> None:
    file = SourceFile("x.lead", text)
    offset = min(at, len(text))
    line, column = file.position(offset)
    assert file.offset(line, column) == offset


def test_a_byte_order_mark_is_no_column() -> None:
    file = SourceFile("x.lead", "\ufeffab\ncd")
    assert [file.position(at) for at in range(5)] == [(1, 1), (1, 1), (1, 2), (1, 3), (2, 1)]
    assert (file.line(1), file.offset(1, 1), file.offset(2, 1)) == ("ab", 1, 4)


def test_what_lies_past_the_end_is_the_end() -> None:
    file = SourceFile("x.lead", "ab\ncd")
    assert file.offset(9, 1) == file.offset(2, 9) == 5
    assert (Span(file, 3, 4) | Span(file, 0, 1)).text == "ab\nc"


def test_a_finding_stands_on_its_line_however_lines_end() -> None:
    for end in ("\n", "\r\n", "\r"):
        found = compile_text(f"define a = 1{end}{end}segment b when nonsense{end}")[1]
        assert [(d.span.as_json()["line"], d.span.as_json()["column"]) for d in found] == [(3, 16)]
