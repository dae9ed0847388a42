"""Captions as templates: the product's noun becomes `{product}` exactly once, and all fits a text encoder.

Pure text work, used by the stage and, for what people write, by the page.
"""

import re
from collections.abc import Callable

from generation.checkpoints.roles import ReadsPrompts
from generation.records import PLACEHOLDER

WORDLESS = f"a photo of {PLACEHOLDER}"  # for what nobody has described
LONGEST = 600  # characters; no text encoder in use reads on
TOKEN = "sks"  # noqa: S105 - stands for the product's later token when tokens are counted
# Where the phrase that names the subject ends: "a red cup | on a table".
_PHRASE_END = re.compile(
    r"\b(?:on|in|at|with|without|of|from|against|next|beside|behind|under|over|above|near|by|for|to|into|onto|inside|"
    r"outside|sitting|standing|lying|placed|hanging|resting|displayed|shown|featuring|made|is|are|has|have|stands?|sits?|lies|rests?|hangs?|that|which|and|as)\b"
    r"|[,.;:!?()\u2013\u2014]",
    re.IGNORECASE,
)
# What may follow a noun that stands alone: no further noun, as far as a list of words can tell.
_NO_COMPOUND = rf"(?=\s*(?:$|{_PHRASE_END.pattern}|\b(?:had|was|were|can)\b))"
_SUBJECT = re.compile(
    r"^(?:(?:this|the|an?)\s+)?(?:(?:close-?up|studio|product)\s+)*(?:(?:photo|photograph|picture|image|shot)\s+"
    r"(?:shows|of|features|depicts)\s+)?(?:an?|the|two|three|some|one|this)\s+",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(
    r"^(?:sure|certainly|of course|here (?:is|are)|caption|description)\b[^:\n]{0,80}:\s*", re.IGNORECASE
)


def as_template(text: str, noun: str) -> str:
    """The text with `{product}` where the product is first named, and no further mention of it by its noun.

    Looks for the noun (its plural, its last word), then for whatever the first phrase names; a text that names nothing
    gets "a photo of {product}" in front. A text that is a template already stays as it is, but for its whitespace.
    """
    plain = _plain(text)
    if plain.count(PLACEHOLDER) == 1:
        return plain
    plain = plain.replace(PLACEHOLDER, noun)
    found = _named(plain, noun)
    if found is None:
        return f"{WORDLESS}, {plain}" if plain else WORDLESS
    start, end = found
    return plain[:start] + PLACEHOLDER + _without_mentions(plain[end:], plain[start:end], noun)


def names_product(text: str, noun: str) -> bool:
    """Whether the text has the noun, its plural, or its last word."""
    return any(_word(word).search(text) for word in {noun, *noun.split()[-1:]} if word)


def shortened(template: str, noun: str, count: Callable[[str], int], longest: int) -> str:
    """The template cut until `count` of it, with a token and the noun in place, is at most `longest`."""
    return within(template, f"{TOKEN} {noun}", count, longest)


def within(template: str, subject: str, count: Callable[[str], int], longest: int) -> str:
    """The template cut until `count` of it, with the subject in its place, is at most `longest`.

    Whole clauses go first, from the end, then words; what names the product stays always. A text encoder would cut at
    its end, and with a long scene in front the product itself. A text without a place for it is left to that.
    """
    while PLACEHOLDER in template and count(template.replace(PLACEHOLDER, subject)) > longest:
        shorter = _one_less(template)
        if shorter == template:
            break
        template = shorter
    return template


def worded(template: str, subject: str, reader: ReadsPrompts) -> str:
    """The template with the subject in its place, no longer than a model reads: see `within`."""
    return within(template, subject, reader.token_count, reader.token_limit).replace(PLACEHOLDER, subject)


def check_template(text: str) -> list[str]:
    """What is wrong with a caption that a person writes: a plain sentence each, none when it can be trained with."""
    problems = []
    times = text.count(PLACEHOLDER)
    if not text.strip():
        return [f"The caption is empty; write what is to be seen, with {PLACEHOLDER} for the product."]
    if times == 0:
        problems.append(f"The caption does not say where the product is named; write {PLACEHOLDER} once in its place.")
    if times > 1:
        problems.append(f"The caption has {PLACEHOLDER} {times} times; keep one and say “it” for the others.")
    if re.search(r"[{}]", text.replace(PLACEHOLDER, "")):
        problems.append(f"Curly brackets other than those of {PLACEHOLDER} mean nothing here; take them out.")
    if len(text) > LONGEST:
        problems.append(f"The caption has {len(text)} characters; {LONGEST} are the most that are read.")
    if re.search(r"[^\S ]", text.strip()) or not text.isprintable():
        problems.append("The caption must be one line of plain text.")
    return problems


def _plain(text: str) -> str:
    """One line without what chat models put around it."""
    told = re.split(r"\n\s*\n", text.strip())[0]
    told = _PREAMBLE.sub("", re.sub(r"[*_`#]+", "", told)).strip().strip("\"'“”").strip()
    kept = re.sub(r"[{}]", "", told.replace(PLACEHOLDER, "\0")).replace("\0", PLACEHOLDER)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in kept).split())


def _named(text: str, noun: str) -> tuple[int, int] | None:
    """Where the product is first named: start and end."""
    head = noun.rsplit(maxsplit=1)[-1] if noun.split() else ""
    for word in (noun, head):
        found = _word(word).search(text) if word else None
        if found:
            return found.span()
    return _subject(text)


def _subject(text: str) -> tuple[int, int] | None:
    """The last word of the first phrase: in "a red cup on a table" it is "cup"."""
    opening = _SUBJECT.match(text)
    if opening is None:
        return None
    end = _PHRASE_END.search(text, opening.end())
    phrase = text[opening.end() : end.start() if end else len(text)]
    words = list(re.finditer(r"[\w'-]+", phrase))
    # A long run of words without a preposition is no phrase that can be told apart.
    if not words or len(words) > 6:
        return None
    return opening.end() + words[-1].start(), opening.end() + words[-1].end()


def _word(word: str) -> re.Pattern[str]:
    """The word or its regular plural; spaces may be hyphens or nothing ("phone case", "phone-case", "phonecase")."""
    parts = [re.escape(part) for part in word.split()]
    last = parts[-1]
    plural = rf"(?:{last[:-1]}ies|{last})" if re.search(r"[^aeiou]y$", last) else rf"{last}(?:es|s)?"
    return re.compile(r"\b" + "[ -]?".join([*parts[:-1], plural]) + r"\b", re.IGNORECASE)


def _without_mentions(rest: str, named: str, noun: str) -> str:
    """What follows the first mention, with "it" and "its" for any other."""
    head = noun.rsplit(maxsplit=1)[-1] if noun.split() else ""
    for word in dict.fromkeys([noun, named, head]):
        if not word:
            continue
        once = _word(word).pattern.removeprefix(r"\b")
        for pattern, pronoun in (
            (rf"\b(?:the|this|that)\s+{once}['\u2019]s?\b", "its"),
            (rf"\b(?:the|this|that)\s+{once}{_NO_COMPOUND}", "it"),
            (rf"\b(?:an?|another)\s+{once}{_NO_COMPOUND}", "one"),
            (rf"\bother\s+{once}{_NO_COMPOUND}", "others"),
        ):
            rest = re.sub(pattern, _like(pronoun), rest, flags=re.IGNORECASE)
        # What is left is part of a compound: "the mug rack" is a rack.
        rest = re.sub(rf"\b{once}(?:['\u2019]s)?[ -]?", "", rest, flags=re.IGNORECASE)
    tidy = re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r" {2,}", " ", rest)).rstrip()
    return re.sub(r"([.!?]\s+)([a-z])", lambda found: found.group(1) + found.group(2).upper(), tidy)


def _like(pronoun: str) -> Callable[[re.Match[str]], str]:
    """The pronoun, with a capital where it begins a sentence as what it stands for did."""
    return lambda found: pronoun.capitalize() if found.group()[0].isupper() else pronoun


def _one_less(template: str) -> str:
    """Without its last clause, or else word, that does not name the product; else without its first word."""
    before, _, after = template.partition(PLACEHOLDER)
    clauses = list(re.finditer(r"[,.;:\u2013\u2014]\s+(?=\S)", after.rstrip(" .")))
    if clauses:
        return before + PLACEHOLDER + after[: clauses[-1].start()]
    words = after.rstrip(" .,;:").rpartition(" ")
    if after.strip(" .,;:"):
        return (before + PLACEHOLDER + words[0]).rstrip()
    return before.partition(" ")[2] + PLACEHOLDER if before.strip() else PLACEHOLDER
