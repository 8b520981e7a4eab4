"""Pictures in a chat: what they look like is part of the request, through everything that a chat does with one."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from agent.dialogue import PICTURE_SIDE, PICTURE_TITLE, Dialogues
from agent.grounding import Evidence, Grounder
from agent.messages import as_markdown
from pipeline.notes import NO_PICTURES
from pipeline.query import Query, Reason, Recommendation, Recommendations
from store.chat_pictures import MOST
from store.database import Store
from store.errors import InputError, UnsafeInput
from tests.agent.conftest import MemoryRecommender
from tests.agent.test_dialogue import Talk, Turned


def poster(colour: str = "teal", *, size: tuple[int, int] = (200, 300), form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, form)
    return buffer.getvalue()


@pytest.fixture
def talk(film_chats: Dialogues) -> Talk:
    return Talk(film_chats)


@pytest.fixture
def show(talk: Talk) -> Callable[..., Turned]:
    """Say something with a picture."""

    def said(text: str = "", colour: str = "teal") -> Turned:
        name = talk.chats.attach(talk.chat_id, poster(colour))
        return Turned(list(talk.chats.respond(talk.chat_id, text, picture=name)))

    return said


def test_a_picture_alone_is_a_request(
    talk: Talk, show: Callable[..., Turned], film_recommender: MemoryRecommender
) -> None:
    turn = show()
    query: Query = film_recommender.queries[-1]
    with Image.open(io.BytesIO(query.picture)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (200, 300))
    assert turn.cards
    assert {card.reason for card in turn.cards} == {"looks like the picture that you sent"}
    assert "matching your picture" in turn.words
    (chip,) = turn.understood.chips
    assert (chip.key, chip.label) == ("picture", "looks like your picture")
    assert any(f'recommend(picture="{chip.picture}")' in line for line in turn.finished.trace)
    view = talk.chats.view(talk.chat_id)
    assert [(message.role, message.picture) for message in view.messages] == [
        ("user", chip.picture),
        ("assistant", ""),
    ]
    assert talk.chats.history.chats("ann")[0].title == PICTURE_TITLE
    assert talk.chats.picture(talk.chat_id, chip.picture) == query.picture


def test_words_beside_a_picture_constrain_what_looks_like_it(
    talk: Talk, show: Callable[..., Turned], film_recommender: MemoryRecommender
) -> None:
    turn = show("like this but a comedy")
    assert talk.chips == ["Comedy", "looks like your picture"]
    assert all("Comedy" in card.item.categories for card in turn.cards)
    turn = talk.say("from the 90s")
    assert talk.chips == ["Comedy", "1990\u20131999", "looks like your picture"]
    assert film_recommender.queries[-1].picture
    assert all("Comedy" in card.item.categories for card in turn.cards)
    first = talk.chats.view(talk.chat_id).chips[-1].picture
    show("no romance", "red")
    assert talk.chats.view(talk.chat_id).chips[-1].picture != first
    assert "not: Romance" in talk.chips


def test_a_picture_is_answered_in_chinese(talk: Talk, show: Callable[..., Turned]) -> None:
    turn = show("像这张海报一样的喜剧")
    assert {card.reason for card in turn.cards} == {"看起来像你发的图片"}
    assert "与你发的图片相像" in turn.words
    assert talk.chips == ["Comedy", "looks like your picture"]


def test_the_chip_is_removed_and_undone(
    talk: Talk, show: Callable[..., Turned], film_recommender: MemoryRecommender
) -> None:
    show("a comedy like this")
    list(talk.chats.remove_chip(talk.chat_id, "picture"))
    assert talk.chips == ["Comedy"]
    assert not film_recommender.queries[-1].picture
    list(talk.chats.undo(talk.chat_id))
    assert talk.chips == ["Comedy", "looks like your picture"]
    talk.say("forget the picture")
    assert talk.chips == ["Comedy"]
    talk.say("undo")
    talk.say("start over")
    assert talk.chips == []


def test_why_is_asked_with_the_picture(
    talk: Talk, show: Callable[..., Turned], film_recommender: MemoryRecommender
) -> None:
    show()
    turn = talk.say("why the first one?")
    assert film_recommender.queries[-1].picture
    assert "Its picture looks like the one that you sent." in turn.words


def test_an_answer_to_a_picture_is_made_again(
    talk: Talk, show: Callable[..., Turned], film_recommender: MemoryRecommender
) -> None:
    before = show("something like this but a comedy")
    again = Turned(list(talk.chats.retry(talk.chat_id)))
    assert again.titles == before.titles
    assert film_recommender.queries[-1].picture
    messages = talk.chats.view(talk.chat_id).messages
    assert len(messages) == 2
    assert messages[0].picture
    show()
    list(talk.chats.retry(talk.chat_id))
    assert len(talk.chats.view(talk.chat_id).messages) == 4


def test_pictures_go_with_a_branch_and_end_with_their_chat(talk: Talk, show: Callable[..., Turned]) -> None:
    show("like this")
    name = talk.chats.view(talk.chat_id).chips[0].picture
    talk.say("a comedy")
    branch = talk.chats.history.branch(talk.chat_id, 2)
    assert [chip.picture for chip in talk.chats.view(branch).chips] == [name]
    talk.chats.history.delete(talk.chat_id)
    assert talk.chats.picture(talk.chat_id, name) is None
    assert talk.chats.picture(branch, name) is not None
    list(talk.chats.respond(branch, "a drama"))
    assert [chip.label for chip in talk.chats.view(branch).chips] == ["Drama", "looks like your picture"]


def test_a_picture_is_of_one_chat(talk: Talk, show: Callable[..., Turned]) -> None:
    show()
    name = talk.chats.view(talk.chat_id).chips[0].picture
    other = Talk(talk.chats, "ben")
    assert talk.chats.picture(other.chat_id, name) is None
    with pytest.raises(InputError, match="has no picture"):
        talk.chats.respond(other.chat_id, "like this", picture=name)
    with pytest.raises(InputError, match="does not exist"):
        talk.chats.attach("nowhere", poster())


def test_hostile_files_are_refused_and_the_chat_goes_on(talk: Talk) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for hostile in (svg, poster()[:200], b"", b"GIF89a", poster(form="TIFF")):
        with pytest.raises(UnsafeInput):
            talk.chats.attach(talk.chat_id, hostile)
    assert talk.say("comedies").cards


def test_what_is_kept_is_what_the_picture_shows(talk: Talk) -> None:
    large = Image.new("RGB", (3_000, 1_000), "teal")
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    buffer = io.BytesIO()
    large.save(buffer, "JPEG", exif=exif)
    hidden = buffer.getvalue() + b"PK\x03\x04 a second file"
    kept = talk.chats.picture(talk.chat_id, talk.chats.attach(talk.chat_id, hidden))
    assert kept is not None
    assert b"taken at home" not in kept
    assert b"second file" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert max(picture.size) == PICTURE_SIDE


def test_the_pictures_of_a_chat_are_bounded(talk: Talk, film_store: Store) -> None:
    for number in range(MOST):
        film_store.add_chat_picture(talk.chat_id, f"p{number}", b"x")
    film_store.add_chat_picture(talk.chat_id, "p0", b"x")
    with pytest.raises(InputError, match=f"has {MOST} pictures"):
        talk.chats.attach(talk.chat_id, poster())


def test_a_written_out_chat_says_that_there_was_a_picture(talk: Talk, show: Callable[..., Turned]) -> None:
    show("like this")
    written = talk.chats.history.written_out(talk.chat_id)
    assert "> (with a picture) like this" in as_markdown(written.title, written.messages)


def test_that_nothing_could_be_compared_is_said(
    talk: Talk, show: Callable[..., Turned], film_recommender: MemoryRecommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommend = film_recommender.recommend

    def without_pictures(query: Query) -> Recommendations:
        found = recommend(query)
        return Recommendations(found.items, found.snapshot_id, notes=(NO_PICTURES,))

    monkeypatch.setattr(film_recommender, "recommend", without_pictures)
    assert NO_PICTURES in show("a comedy like this").words
    assert "目录里没有图片" in show("像这张海报一样的喜剧").words


def test_only_what_looks_like_the_picture_is_said_to(film_recommender: MemoryRecommender) -> None:
    grounder = Grounder(film_recommender.vocabulary())
    heat, fargo = film_recommender.items(["f3", "f16"])
    looks = Recommendation(heat, 1, 1.0, {}, (Reason("picture"),), False)
    popular = Recommendation(fargo, 2, 1.0, {}, (Reason("popular"),), False)
    evidence = Evidence.of([looks, popular], asked_picture=True)
    assert not grounder.verify("Heat comes first: looks like the picture that you sent.", evidence)
    assert grounder.verify("Fargo comes second: looks like the picture that you sent.", evidence)
    assert not grounder.verify("Two items for what you asked: matching your picture.", evidence)
    assert grounder.verify("Two items for what you asked: matching your picture.", Evidence.of([popular]))
