"""What users read is plain American English (docs/development/language.md)."""

import re

import pytest
from prose import of_docstring, of_markdown, paragraphs, sentences, words

MOST_WORDS = 35
STEMS = "recogn|minim|maxim|optim|normal|regular|parametr|linear|initial|general|factor|real"
UNWANTED = {
    "British spelling": rf"\b({STEMS})is(e|ing|ation)\w*"
    r"|\b(behaviour|neighbour|favour|colour|analys(e|ed|ing)\b|centred?\b|grey\b)",
    "separate": r"\bof (one's|its|their|our|his|her) own\b",
    "except for": r"\bbut for\b",
    "the subject comes first": r"^(New|Old|Left|Missing|Found|Meant|Same|The same) (is|are)\b",
    "is not a": r"(?<![Tt]here )\b(is|are|was|were) no (?!longer|more|less|larger|better)\w",
    "is not valid": r"\b(that|which|it|they) (is|are) none\b",
    "because": r"\bfor else\b|, for (it|they|their|each|the) (\w+ )?(is|are|has|have|may|reads)\b",
    "if, anyone": r"\bwhoever\b|\bsomebody\b",
    "for": r"^Of (an?|each|several|those|other|another|all)\b[^:]{20,}$|such as (of|by|for)\b",
    "otherwise": r"(;|,|\band) else\b",
    "must be": r"\b(is|are) to be\b",
    "with that reason": r"\bthat for a reason\b",
    "of that name": r"\b(is|are|be) called so\b",
    "again": r"\banew\b",
    "therefore": r"\b(hence|thereof|whereby|wherein|lest|in vain|be it)\b",
    "package, module": r"\b(house|strangers?)\b",
    "correct": r"\bmend(s|ed)?\b",
}
"""What to write instead, and the phrases."""


@pytest.fixture(scope="module")
def read():
    """All sentences, each with its place."""
    return {(place, s) for _, place, paragraph in paragraphs() for s in sentences(paragraph)}


def test_no_sentence_is_long(read):
    long = {(place, words(s), s) for place, s in read if words(s) > MOST_WORDS}
    assert not long


@pytest.mark.parametrize("instead", UNWANTED)
def test_plain_words_are_used(read, instead):
    pattern = re.compile(UNWANTED[instead], re.IGNORECASE)
    assert not {(place, s) for place, s in read if pattern.search(s)}


@pytest.mark.parametrize(
    ("instead", "phrase"),
    [
        ("British spelling", "The colour of the analysed states."),
        ("separate", "Each has a channel of its own."),
        ("except for", "All but for one."),
        ("the subject comes first", "New are the points."),
        ("is not a", "A slow point is no fixed point."),
        ("is not valid", "For values that are none."),
        ("because", "It stops, for it is late."),
        ("if, anyone", "Whoever changes a weight."),
        ("for", "Of a flow the period is in milliseconds."),
        ("otherwise", "A number, else nothing."),
        ("must be", "States are to be held."),
        ("with that reason", "They have that for a reason."),
        ("of that name", "No measure is called so."),
        ("again", "Begin anew."),
        ("therefore", "Hence the answer."),
        ("package, module", "The house of the solvers."),
        ("correct", "Mend the array."),
    ],
)
def test_each_phrase_would_be_found(instead, phrase):
    found = {key for key, pattern in UNWANTED.items() if re.search(pattern, phrase, re.IGNORECASE)}
    assert instead in found


def test_sentences_are_told_apart():
    page = """# A title

Words with `code in them`, and [a link](to.md) of two lines
that ends. A second one:

* an item; (c) it
  goes on

| a cell | e.g. another. With two. |
|---|---|

```python
not prose
```
"""
    found = [sentences(paragraph) for paragraph in of_markdown(page)]
    assert found == [
        ["A title"],
        ["Words with Code, and a link of two lines that ends.", "A second one:"],
        ["an item; (c) it goes on"],
        ["a cell"],
        ["e.g. another.", "With two."],
    ]
    assert words(found[1][0]) == 11


def test_a_docstring_has_prose_beside_names_and_examples():
    text = """Say what.

Parameters
----------
name
    What it is.

    And more.

References
----------
Someone (2000) Somewhere 1:2.

Examples
--------
>>> print("no prose")
no prose
"""
    assert list(of_docstring(text)) == ["Say what.", "What it is.", "And more."]
