"""From words to people, places and series that the catalogue's texts name."""

from __future__ import annotations

from agent import language as cue_labels
from agent.reading import Mention, Reading
from agent.role_links import doubted, told
from agent.tokens import words_of

MAX_NAME_WORDS = 4
_TELLING_LETTERS = 6
_GENERIC_TEXT = """
brothers brother sisters sister bros family films pictures studios studio
"""
_GENERIC = frozenset(_GENERIC_TEXT.split())
_STRONG = frozenset(("starring", "featuring", "actor", "actress", "director", "author", "played by", "acted by"))


def link_people(reading: Reading) -> None:
    """After a cue ("with", "directed by"), and known names anywhere ("a Kubrick movie", "I love Tom Hanks")."""
    for cue in list(reading.cues):
        if cue.label == cue_labels.PERSON or reading.folds[cue.end - 1] in ("with", "by"):
            _after_cue(reading, cue.end, " ".join(reading.folds[cue.start : cue.end]))
    place = 0
    while place < len(reading):
        mention = _known(reading, place) or _full_name(reading, place)
        if mention and not doubted(reading, mention.start, mention.end, "person"):
            reading.add(mention)
        place = mention.end if mention else place + 1


def _after_cue(reading: Reading, place: int, said: str) -> None:
    while place < len(reading) and reading.folds[place] in ("the", "director", "actor", "actress", "both"):
        place += 1
    while place < len(reading) and not reading.break_before(place):
        mention = _known(reading, place, cued=True) or _named(reading, place)
        if mention is None:
            _report(reading, place, said)
            return
        reading.add(mention)
        place = mention.end
        if place < len(reading) and reading.folds[place] in ("and", "or", "&") and reading.taken[place] is None:
            place += 1
        elif not reading.comma_before(place):
            return


def _known(reading: Reading, place: int, *, cued: bool = False) -> Mention | None:
    """A name of the catalogue's people, or a telling last name in front of a noun or after a cue."""
    lexicon = reading.lexicon
    end = reading.run_end(place, MAX_NAME_WORDS)
    for stop in range(end, place + 1, -1):
        words = reading.folds[place:stop]
        words[-1] = words[-1].removesuffix("s") if " ".join(words) not in lexicon.people else words[-1]
        spelled = lexicon.people.get(" ".join(reading.folds[place:stop])) or lexicon.people.get(" ".join(words))
        if spelled:
            return Mention("person", place, stop, text=spelled)
    if end == place or reading.cue_at(place):
        return None
    for word in (reading.folds[place], reading.folds[place].removesuffix("s")):
        if word in lexicon.surnames and not _somebody_else(reading, place, lexicon.surnames[word]):
            capital = place > 0 and _stands_out(reading, place)
            noun = place + 1 < len(reading) and reading.folds[place + 1] in lexicon.language.neutral_nouns
            # In a message without capitals, a name that is one person's alone and long enough to be no other word.
            alone = not reading.utterance.cased and len(word) >= _TELLING_LETTERS and " " in lexicon.surnames[word]
            if cued or capital or noun or alone or told(reading, place, place + 1, "person"):
                return _with_kin(reading, place, lexicon.surnames[word])
    named = cued or (not reading.utterance.cased and told(reading, place, min(place + 2, end), "person"))
    if named and end - place >= 2 and not reading.cue_at(place + 1):
        words = reading.folds[place : place + 2]
        spelled = lexicon.nearest_person(words) if not reading.common(words[:1]) else None
        if spelled:
            return Mention("person", place, place + 2, text=spelled)
    return None


def _somebody_else(reading: Reading, place: int, spelled: str) -> bool:
    """Whether a surname belongs to a name that is not this one's: the "Hart" of a Kevin Hart whom no text names, and
    the "Jordan" of Jordan Peele."""
    words = reading.utterance.words
    if place and not words[place].gap.strip() and _name_like(reading, place - 1):
        return reading.folds[place - 1] not in words_of(spelled)
    after = place + 1 < len(reading) and not words[place + 1].gap.strip() and _name_like(reading, place + 1)
    return after and (reading.utterance.cased or reading.folds[place] in reading.lexicon.first_names)


def _name_like(reading: Reading, place: int) -> bool:
    """A capital inside a sentence, or in a message without capitals a first name or a word of no text."""
    word = reading.utterance.words[place]
    if not reading.free(place, place + 1) or reading.cue_at(place) or reading.common([word.fold]):
        return False
    if word.fold in _GENERIC or word.fold in reading.lexicon.language.neutral_nouns or not word.fold.isalpha():
        return False
    if reading.utterance.cased:
        return word.capital
    return word.fold in reading.lexicon.first_names or word.fold not in reading.lexicon.words


def _stands_out(reading: Reading, place: int) -> bool:
    """A capital between lower-case words: neither the start nor a part of a longer name."""
    words = reading.utterance.words
    beside = [words[n] for n in (place - 1, place + 1) if 0 < n < len(words)]
    alone = not any(word.capital and word.fold not in reading.lexicon.language.stop_words for word in beside)
    return words[place].capital and reading.utterance.cased and alone


def _full_name(reading: Reading, place: int) -> Mention | None:
    """Two capitalised words that the catalogue's texts have side by side."""
    stop = _capital_run(reading, place)
    words = reading.folds[place:stop]
    if stop - place < 2 or reading.common(words) or reading.cue_at(place):
        return None
    return _named(reading, place)


def _with_kin(reading: Reading, place: int, surname: str) -> Mention:
    """ "Coen brothers" is one name, and the phrase to look for where the texts have it."""
    end = place + 1
    if end < len(reading) and reading.free(end, end + 1) and reading.folds[end] in _GENERIC:
        said = reading.utterance.said(place, end + 1)
        return Mention("person", place, end + 1, text=said if reading.lexicon.occurs(said) else surname)
    return Mention("person", place, end, text=surname)


def _named(reading: Reading, place: int) -> Mention | None:
    """A capitalised phrase that occurs in the catalogue's texts."""
    stop = _capital_run(reading, place)
    if stop == place:
        return None
    for end in range(stop, place, -1):
        said = reading.utterance.said(place, end)
        if end - place == 1 and (stop > end or reading.stop(place)):
            continue  # the "Stan" of a Stan Lee whom nothing names is somebody else
        if reading.lexicon.occurs(said):
            # "The Coen brothers" where the texts say "Joel Coen": the kinship word belongs to the name all the same.
            whole = stop if all(word in _GENERIC for word in reading.folds[end:stop]) else end
            return Mention("person", place, whole, text=said)
    spelled = reading.lexicon.nearest_person(reading.folds[place:stop]) if stop - place > 1 else None
    return Mention("person", place, stop, text=spelled) if spelled else None


def _capital_run(reading: Reading, place: int) -> int:
    stop = place
    while stop < len(reading) and stop - place < MAX_NAME_WORDS and reading.free(stop, stop + 1):
        word = reading.utterance.words[stop]
        if stop > place and (reading.break_before(stop) or reading.comma_before(stop)):
            break
        name = word.capital and not word.text[0].isdigit()
        if not name and not (stop > place and word.fold in _GENERIC):
            break
        stop += 1
    return stop if reading.utterance.cased else place


def _report(reading: Reading, place: int, said: str) -> None:
    """A capitalised name that nothing in the catalogue mentions; after plain "with" a lower-case word is a topic."""
    stop = _capital_run(reading, place)
    if stop == place and said in _STRONG | {"directed by", "written by", "from director", "by director", "with actor"}:
        stop = reading.run_end(place, 2)
        while stop > place and (reading.stop(stop - 1) or reading.cue_at(stop - 1)):
            stop -= 1
    if stop > place:
        reading.unresolved.append(reading.utterance.said(place, stop))
        reading.claim(place, stop, "unresolved")
