"""The layout of rule files: hand-written, before and after."""

from __future__ import annotations

import pytest

from leadrules.core.source import SourceFile
from leadrules.syntax.format import format_file

WILD = """

# head



list a = ["x", # the x
 "y", "z" # last
 # below
 ]  # after
list b = ["x","y",]
score fit "T" { # points


  a  "A":+20 when x in ("a","b",) and (y<-5 or - z>3)  # ca

  # own
  group email at most 30 points { o: + 5 each e within 30
     business   days  }
  p: -(min( a/ -50,2 - 3)) when # inside
      # inside own
     x is not blank and
       y = 5%

  # the end
}
trigger t { on e   do move by plan  do assign with sales } # the whole
   # far
define   d=date ( 2000,1 ,1 )-2 months
"""
TAME = """# head

list a = [
  "x",  # the x
  "y",
  "z"  # last
  # below
]  # after
list b = ["x", "y"]
score fit "T" {  # points
  a "A": +20 when x in ("a", "b") and (y < -5 or -z > 3)  # ca

  # own
  group email at most 30 points {
    o: +5 each e within 30 business days
  }
  p: -(min(a / -50, 2 - 3)) when  # inside
      # inside own
      x is not blank and y = 5%

  # the end
}
# the whole
trigger t {
  on e
  do move by plan
  do assign with sales
}
# far
define d = date(2000, 1, 1) - 2 months
"""


def laid_out(text: str) -> str:
    done = format_file(SourceFile("a.lead", text))
    assert not done.findings
    assert not done.refused
    return done.text


def test_a_file_with_everything() -> None:
    assert laid_out(WILD) == TAME
    assert laid_out(TAME) == TAME


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n \n", ""),
        ("# only\n\n\n# words", "# only\n\n# words\n"),
        ("\ufeffdefine a = 1", "define a = 1\n"),
        ("define a = 1\r\n\r\n\r\ndefine b=-a\r\n", "define a = 1\r\n\r\ndefine b = -a\r\n"),
        ("define a = 1\rdefine b = 2\r", "define a = 1\ndefine b = 2\n"),
        ("define `a  b`  =  x - -1 # kept   ", "define `a  b` = x - -1  # kept   \n"),
        (
            "define a = count( e where(x=1)  distinct day )>=2 # n",
            "define a = count(e where (x = 1) distinct day) >= 2  # n\n",
        ),
        ('define a = not(b) and t contains any( "x","y" )', 'define a = not (b) and t contains any ("x", "y")\n'),
        ("score s {}", "score s {\n}\n"),
        ("score s {\n\n\n}", "score s {\n}\n"),
        ("score s { cap 10 floor - 5 }", "score s {\n  cap 10\n  floor -5\n}\n"),
        ("route r sets o{a:keep owner otherwise}", "route r sets o {\n  a: keep owner otherwise\n}\n"),
        (
            "route r order by total\n  descending\n{ a: keep owner otherwise }",
            "route r order by total descending {\n  a: keep owner otherwise\n}\n",
        ),
        (
            "sequence s {\n1:day 1 09:00 email\n2: wait 2\n days call }",
            "sequence s {\n  1: day 1 09:00 email\n  2: wait 2 days call\n}\n",
        ),
        (
            'test "t" { expect not fired a . b given x = [ "a", ], y=1 }',
            'test "t" {\n  expect not fired a.b\n  given x = ["a"], y = 1\n}\n',
        ),
    ],
)
def test_small_ones(text: str, expected: str) -> None:
    assert laid_out(text) == expected
    assert laid_out(expected) == expected


def test_a_matrix_is_aligned_as_it_is_seen() -> None:
    text = "matrix m of g by t {\ncolumns: hot|warm # c\n`A 1`:p1|p2\n\n日本: p3 |p44\n}"
    expected = "matrix m of g by t {\n  columns: hot | warm  # c\n  `A 1`:   p1  | p2\n\n  日本:    p3  | p44\n}\n"
    assert laid_out(text) == expected


def test_a_rule_of_any_length_is_one_line() -> None:
    names = ", ".join(f'"{n}"' for n in range(500))
    text = f"segment s when x in ({names})\n"
    assert laid_out(text.replace(", ", ",\n  ")) == text


def test_a_broken_block_stays_and_is_told() -> None:
    text = "define   a=1\n\n\ndefine  b = = 2 +   3 # why\ndefine   c=3\n"
    done = format_file(SourceFile("a.lead", text))
    assert done.text == "define a = 1\n\ndefine  b = = 2 +   3 # why\ndefine c = 3\n"
    assert [(f.code, f.span.file.position(f.span.start)[0]) for f in done.findings] == [("LR026", 4)]
    assert not done.refused


@pytest.mark.parametrize(
    "text",
    [
        "score s {\n  a:   +5 when x\n\n\n  b: +5\n\n\nband  t of s { hot: from 1 }\n",
        "}   }\n\n\nwhat   is this\n",
        "  define  a = 1   define  b = 2\n",
        "define  a = 1 // slashes\n",
        'score s {\n  a: +5 when x = "never closed\n  b:   +1 when y\n}\n',
        "x\0y",
    ],
)
def test_what_does_not_read_is_not_touched(text: str) -> None:
    done = format_file(SourceFile("a.lead", text))
    assert done.findings
    kept = [line for line in text.splitlines() if line.strip()]
    assert [line for line in done.text.splitlines() if line.strip() and "band" not in line and "hot" not in line][
        : len(kept) - 1
    ] == [line for line in kept if "band" not in line][: len(kept) - 1]
    assert format_file(SourceFile("a.lead", done.text)).text == done.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u200b", "\u200b\n"),
        ("define  a=1\n\xa0\ndefine  b=2\n", "define a = 1\n\xa0\ndefine b = 2\n"),
        ("\n\ufeffdefine  a = 1", "\n\ufeffdefine  a = 1\n"),
        ("\ufeff\ufeff", "\n\ufeff\n"),
        ("\ufeff e when  e", " e when  e\n"),
        ("test{{\n}\ndefine  a=1", "test{{\n}\ndefine a = 1\n"),
        ("matrix{}\nd}", "matrix{}\nd}\n"),
        ("trigger t{on r do set n to o", "trigger t{on r do set n to o\n"),
    ],
)
def test_what_is_wrong_stays_where_it_is_and_nothing_is_refused(text: str, expected: str) -> None:
    done = format_file(SourceFile("a.lead", text))
    assert (done.text, done.refused) == (expected, "")
    assert format_file(SourceFile("a.lead", done.text)).text == expected


def test_a_layout_that_would_do_harm_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from leadrules.syntax import format as module

    text = "define  a = 1 # c\n"
    for lines, why in (
        (["define a = 1"], "comment"),
        (["define a = 2 # c"], "mean"),
        (["define a  = 1 # c"], "second"),
    ):
        answers = iter([lines, ["define a = 1 # c"]])
        monkeypatch.setattr(module, "lay_out", lambda *_, answers=answers: next(answers))
        done = format_file(SourceFile("a.lead", text))
        assert why in done.refused
        assert done.text == text


def test_more_mistakes_than_are_told_are_no_trouble() -> None:
    text = "define a = = 1\n" * 300 + "define b  = 1\n"
    done = format_file(SourceFile("a.lead", text))
    assert len(done.findings) == 200
    assert done.text == text.replace("b  =", "b =")
