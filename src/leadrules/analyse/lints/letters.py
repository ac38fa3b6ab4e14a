"""Letters that deceive the eye: invisible marks, and letters of another alphabet in a word, or in all of it.

In: the text of the rule files, comments included. Out: findings at the character or word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from leadrules.analyse.lints.registry import lint
from leadrules.analyse.study import Study
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.source import SourceFile, Span

# A byte order mark at the very beginning is none: Notepad and Excel write it, and no editor shows it.
_INVISIBLE = re.compile("(?!\\A\ufeff)[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u200b\u2060\ufeff\u00ad]")
_WORD = re.compile(r"[^\W\d_]+")
_ASCII = re.compile(r"(?<![^\W\d_])[A-Za-z]{2,}(?![^\W\d_])")
# Small and capital letters of Cyrillic and Greek that look like Latin ones.
_LOOKS_LIKE = dict(
    zip(
        "аеорсухіјѕԁԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανρ",
        "aeopcyxijsdqwABEKMHOPCTYXIJSABEZHIKMNOPTYXoavp",
        strict=True,
    )
)


@lint("LR218", "hidden-direction")
def hidden_direction(study: Study) -> Iterator[Diagnostic]:
    """An invisible mark in the text

    Direction marks (bidi controls) make a line look different from what it says: what a reviewer approves is not what
    runs. A space without width or a soft hyphen makes of a value another one that looks the same and never matches. They
    come in by copying from a web page or a chat. Remove it.

    Bad:

        segment rival when title = "a\u202eb"

    Good:

        segment rival when title = "ab"
    """
    for module in study.modules:
        if module.file.text.isascii():
            continue
        for match in _INVISIBLE.finditer(module.file.text):
            span = Span(module.file, match.start(), match.end())
            name = unicodedata.name(match[0]).lower()
            words = f"an invisible mark stands here: U+{ord(match[0]):04X} ({name})"
            yield finding("LR218", span, words, help="remove it", fixes=(Fix("remove it", (Edit(span, ""),)),))


@lint("LR219", "look-alike")
def look_alike(study: Study) -> Iterator[Diagnostic]:
    """A letter of another alphabet that looks like a Latin one

    A Cyrillic `а` inside a Latin word looks the same and is another letter, so the name or value is not the one that it
    seems to be: it never matches. A word that is all of such letters is told where the rules have its Latin twin too.
    Type the word again.

    Bad:

        segment rival when title = "r\u0456val"

    Good:

        segment rival when title = "rival"
    """
    suspect = [module.file for module in study.modules if not module.file.text.isascii()]
    plain = {word for module in study.modules for word in _ASCII.findall(module.file.text)} if suspect else set()
    for file in suspect:
        yield from _words(file, plain)


def _words(file: SourceFile, plain: AbstractSet[str]) -> Iterator[Diagnostic]:
    """The words of a file that look like others; `plain` are the Latin words of all the rules."""
    for match in _WORD.finditer(file.text):
        word = match[0]
        strange = [ch for ch in word if ch in _LOOKS_LIKE]
        meant = "".join(_LOOKS_LIKE.get(ch, ch) for ch in word)
        if not strange or not meant.isascii() or not (any(ch.isascii() for ch in word) or meant in plain):
            continue
        span = Span(file, match.start(), match.end())
        name = unicodedata.name(strange[0]).lower()
        words = f"`{word}` is not `{meant}`: it has a {name}"
        fix = Fix(f"write `{meant}`", (Edit(span, meant),))
        yield finding("LR219", span, words, help=f"write `{meant}`", fixes=(fix,))
