"""Requests in Chinese, and the chat's answers to them."""

from __future__ import annotations

import pytest

from agent.chinese import ChineseReader, is_chinese
from agent.chinese.numbers import number_of, simplified
from agent.dialogue import Dialogues
from agent.request import Intent
from agent.saying import chat_voice
from agent.tongues import language_of
from agent.turns import Finished, Words
from agent.understanding import Understander
from pipeline.catalogue import Catalogue
from store.records import Item


def test_numbers_and_characters() -> None:
    assert [number_of(text) for text in ("二十", "十二", "一九九四", "一百二十三", "15")] == [20, 12, 1994, 123, 15]
    assert simplified("推薦愛情電影") == "推荐爱情电影"


def test_which_messages_are_chinese() -> None:
    assert is_chinese("类似《The Matrix》的电影")
    assert not is_chinese("something like 《黑客帝国》")
    assert not is_chinese("面白い映画")
    assert language_of("Ich suche eine Komödie mit viel Humor") is None
    assert language_of("что-нибудь смешное") is None
    assert language_of("a comedy with La La Land") == "en"


@pytest.mark.parametrize(
    ("said", "inside", "outside"),
    [
        ("推荐几部喜剧片", ["Comedy"], []),
        ("不要恐怖片", [], ["Horror"]),
        ("科幻或者战争片，不想看恐怖的", ["Sci-Fi", "War"], ["Horror"]),
    ],
)
def test_values(film_understander: Understander, said: str, inside: list[str], outside: list[str]) -> None:
    request = film_understander.understand(said)
    assert [ref.value for group in request.facets_in for ref in group] == inside
    assert [ref.value for ref in request.facets_out] == outside


def test_a_wish_for_some_is_said_whole(film_understander: Understander) -> None:
    reader = ChineseReader(film_understander.lexicon)
    assert reader.in_english("喜歡恐怖片，推薦幾部") == ("i like horror, recommend some", ())
    assert film_understander.understand("今天天气怎么样").intent == Intent.OUT_OF_SCOPE


def test_titles_years_and_positions(film_understander: Understander) -> None:
    assert film_understander.understand("类似《Fargo》的").items_like == ("f16",)
    (bounds,) = film_understander.understand("九十年代的动作片").ranges
    assert (bounds.low, bounds.high) == (1990, 1999)
    assert film_understander.understand("为什么推荐第二个").intent == Intent.EXPLAIN
    assert film_understander.understand("撤销").intent == Intent.UNDO
    assert film_understander.understand("帮我写一首诗").intent == Intent.OUT_OF_SCOPE


def test_a_catalogue_in_chinese_is_asked_in_its_own_words() -> None:
    items = [Item("1", "大话西游", "周星驰", ("喜剧", "爱情")), Item("2", "霸王别姬", "陈凯歌", ("剧情",))]
    understander = Understander.over(Catalogue(items))
    request = understander.understand("类似大话西游的喜剧，不要剧情片")
    assert request.items_like == ("1",)
    assert [ref.value for group in request.facets_in for ref in group] == ["喜剧"]
    assert [ref.value for ref in request.facets_out] == ["剧情"]


def test_what_is_not_known_is_said(film_understander: Understander) -> None:
    english, unknown = ChineseReader(film_understander.lexicon).in_english("推荐麒麟主题的喜剧")
    assert "comedy" in english
    assert unknown == ("麒麟主题",)


def test_the_answer_is_in_the_language_of_the_message(film_chats: Dialogues) -> None:
    chat = film_chats.open("ann").chat_id
    events = list(film_chats.respond(chat, "推荐几部喜剧片"))
    said = "".join(event.text for event in events if isinstance(event, Words))
    assert "找到5个" in said
    assert next(event for event in events if isinstance(event, Finished)).suggestions[0] == "新一点的"
    english = "".join(event.text for event in film_chats.respond(chat, "newer") if isinstance(event, Words))
    assert english.startswith("Here are")


def test_voices_say_the_same_things() -> None:
    english, chinese = chat_voice("en"), chat_voice("zh")
    for part in ("sentences", "parts", "suggestions", "answers"):
        assert set(getattr(english, part)) == set(getattr(chinese, part))
