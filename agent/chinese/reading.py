"""A request in Chinese, said over in the English that understanding knows.

Chinese puts behind a name what English puts before it ("《X》一样的", "like X") and has no spaces. So names are taken
out first - titles in 《》, runs in Latin letters, the catalogue's own Chinese values and titles - and stand in the
text as one character each; sentence patterns move what is said of them to where English has it; what remains is
looked up phrase by phrase, longest first. The English words then link to the catalogue like any others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from agent.chinese.numbers import NUMERAL, number_of, simplified
from agent.chinese.phrases import PHRASES, QUALITIES
from agent.english.scales import COMPARATIVES
from agent.lexicon import Lexicon
from agent.title_names import spoken_title

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_FIRST = 0xE000
"""Names stand in the text as characters of the private use area, which ``tokens.clean`` lets nobody type."""
_N = r"[\ue000-\uf8ff]"
_MEASURE = "(?:个|部|本|款|件|首|张|条|位|种|集|片)"
_LONGEST = max(map(len, PHRASES))
_MARKS = str.maketrans(
    {"，": ", ", "、": " and ", "。": ". ", "；": "; ", "：": ": ", "？": "? ", "！": "! ", "～": "-"}
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_TITLED = re.compile(r"《([^《》]{1,120})》|「([^「」]{1,120})」|“([^“”]{1,120})”|\"([^\"]{1,120})\"")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ][0-9A-Za-zÀ-ɏ'.&:!-]*(?:[ ·]+[0-9A-Za-zÀ-ɏ'.&:!-]+)*")


def is_chinese(text: str) -> bool:
    """Whether an utterance is Chinese: characters outside of quoted titles, and neither Japanese nor Korean."""
    outside = _TITLED.sub("", text)
    return bool(re.search(f"[{_HAN}]", outside)) and not _KANA_OR_HANGUL.search(outside)


class ChineseReader:
    """Says requests over in English.

    Args:
        lexicon: of the catalogue; its Chinese values and titles are left as they are.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        vocabulary = lexicon.vocabulary
        values = [value for found in vocabulary.facets.values() for value in found]
        titles = [spoken_title(title) for title in vocabulary.titles.values()]
        own = {text: text for text in values} | {text: f'"{text}"' for text in titles if len(text) > 1}
        self._own = {text: said for text, said in own.items() if re.search(f"[{_HAN}]", text)}
        longest = sorted(self._own, key=len, reverse=True)
        self._own_pattern = re.compile("|".join(map(re.escape, longest))) if longest else None

    def in_english(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The request in English words, and the Chinese phrases that nothing is known of."""
        names: list[str] = []

        def name(said: str) -> str:
            names.append(said)
            return chr(_FIRST + len(names) - 1)

        text = _TITLED.sub(lambda match: name(f'"{next(filter(None, match.groups()))}"'), text)
        if self._own_pattern:
            text = self._own_pattern.sub(lambda match: name(self._own[match[0]]), text)
        text = _LATIN.sub(lambda match: name(match[0]), simplified(text))
        text = _numbers(text, name)
        for pattern, said in _PATTERNS:
            text = pattern.sub(said, text)
        english, unknown = _phrases(text)
        for place, said in enumerate(names):
            english = english.replace(chr(_FIRST + place), f" {said} ")
        return re.sub(r"\s+([,.;:?!])", r"\1", " ".join(english.split())).strip(" ,"), unknown


def _numbers(text: str, name: Callable[[str], str]) -> str:
    """Positions, years, decades and counts."""

    def decade(match: re.Match[str]) -> str:
        said = number_of(match["decade"])
        year = said if said >= 1000 else (2000 if said in (0, 10, 20) and "世纪" not in match[0] else 1900) + said
        part = {"初": "early ", "早": "early ", "中": "mid ", "末": "late ", "后": "late "}.get(
            (match["part"] or " ")[0], ""
        )
        return name(f"from the {part}{year}s")

    def position(match: re.Match[str]) -> str:
        place = number_of(match["place"])
        return name(f"the {_ORDINALS[place - 1]} one") if 0 < place <= len(_ORDINALS) else name(f"number {place}")

    text = re.sub(rf"第(?P<place>{NUMERAL}){_MEASURE}?", position, text)
    text = re.sub(rf"最后(?:一)?{_MEASURE}", lambda _: name("the last one"), text)
    text = re.sub(rf"前(两|二|三|四|五){_MEASURE}?", lambda m: name(f"the first {number_of(m[1])}"), text)
    text = re.sub(rf"这两{_MEASURE}|那两{_MEASURE}|它们俩", lambda _: name("both"), text)
    text = re.sub(rf"(?:这|那)(?:一)?{_MEASURE}|它(?!们)", lambda _: name("it"), text)
    text = re.sub(
        rf"(?:上个?世纪|(?:19|20|二十)世纪)?(?P<decade>{NUMERAL})年代(?P<part>初期?|早期|中期?|末期?|后期)?",
        decade,
        text,
    )
    year = r"(\d{4}|[一二][零〇一二三四五六七八九]{3})年?"
    text = re.sub(
        rf"(?:从)?{year}(?:到|至|-|—|~)\s*{year}(?:之间|间|期间)?",
        lambda m: name(f"from {number_of(m[1])} to {number_of(m[2])}"),
        text,
    )
    for behind, before in (("以后|之后|后", "after"), ("以来|起|开始", "since"), ("以前|之前|前", "before")):
        text = re.sub(rf"{year}(?:{behind})", lambda m, said=before: name(f"{said} {number_of(m[1])}"), text)
    text = re.sub(r"(\d{4}|[一二][零〇一二三四五六七八九]{3})年", lambda m: name(f"from {number_of(m[1])}"), text)
    text = re.sub(
        rf"({NUMERAL})(小时|分钟|元|块钱|块)(?:以内|以下|之内)",
        lambda m: name(f"at most {number_of(m[1])} {_UNITS[m[2]]}"),
        text,
    )
    text = re.sub(rf"(?<![写作讲唱订买])({NUMERAL}){_MEASURE}", lambda m: f" {number_of(m[1])} items ", text)
    return re.sub(rf"(来|找|推荐|看){_MEASURE}(?!人)", r"\1 1 items ", text)


_UNITS = {"小时": "hours", "分钟": "minutes", "元": "euros", "块钱": "euros", "块": "euros"}
_SCALES = {
    "新": "newer",
    "近": "newer",
    "老": "older",
    "旧": "older",
    "早": "older",
    "短": "shorter",
    "长": "longer",
    "便宜": "cheaper",
    "贵": "more expensive",
    "大": "bigger",
    "小": "smaller",
    "轻": "lighter",
    "重": "heavier",
}
_SCALE = "|".join(_SCALES)
_QUALITY = "|".join(sorted(map(re.escape, QUALITIES), key=len, reverse=True))
_LITTLE = "(?:一点儿?|一些|点儿?|些)"


_COMPARED = {adjective: word for word, adjective in COMPARATIVES.items()}


def _more(quality: str) -> str:
    """The English comparative of a Chinese adjective."""
    return _COMPARED.get(QUALITIES[quality], f"more {QUALITIES[quality]}")


def _scaled(match: re.Match[str]) -> str:
    return f" {_SCALES[match['scale']]} "


def _newer_than(match: re.Match[str]) -> str:
    word = _SCALES.get(match["word"]) or _more(match["word"])
    return f" {word} than {match['name']} "


_PATTERNS: Sequence[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (rf"(?:比较|对比)(?:一下|下)?({_N})\s*(?:和|跟|与|还有| and )\s*({_N})", r" compare \1 and \2 "),
        (
            rf"({_N})\s*(?:和|跟|与|还有|比| and )\s*({_N})\s*(?:之间)?(?:有什么|有何|的)?"
            r"(?:区别|不同|差别|哪.?更?好|比较|怎么选)",
            r" compare \1 and \2 ",
        ),
        (rf"(?:比较|对比)(?:一下|下)?({_N})", r" compare \1 "),
        (rf"({_N})(?:有什么|有何|的)?(?:区别|不同|差别)|({_N})哪.?(?:更|比较)?好看?", r" compare \1\2 "),
        (
            rf"(?:你)?为(?:什么|何|啥)(?:会|要|给我|给|向我|你)*(?:推荐|选|挑)(?:了)?({_N})",
            r" why did you recommend \1 ",
        ),
        (rf"({_N})(?:是|有|的)?(?:什么|啥|推荐)?(?:的)?理由(?:是什么)?|为(?:什么|何|啥)(?:是)?({_N})", r" why \1\2 "),
        (rf"({_N})(?:是)?谁(?:导演?|执导|拍)的?", r" who directed \1 "),
        (rf"({_N})的?导演(?:是谁|是哪位|叫什么|叫啥)|谁(?:导演|执导|拍)了?({_N})", r" who directed \1\2 "),
        (
            rf"({_N})(?:是)?(?:谁|哪些人)(?:主演|演)的?|({_N})(?:的)?(?:演员|主演)(?:是谁|有谁|有哪些)",
            r" who stars in \1\2 ",
        ),
        (rf"({_N})(?:是)?(?:讲|说|关于)(?:的|了)?(?:是)?(?:什么|啥)(?:故事|内容)?的?", r" what is \1 about "),
        (rf"({_N})(?:是)?(?:什么|啥)(?:故事|内容|电影|片子)|({_N})怎么?样", r" tell me about \1\2 "),
        (rf"(?:介绍|讲讲|说说|详细介绍|了解)(?:一下|下)?(?:关于)?({_N})", r" tell me about \1 "),
        (rf"({_N})(?:的)?(?:片长|时长|有?多长)", r" how long is \1 "),
        (rf"({_N})(?:是)?(?:哪一?年|什么时候|何时)(?:上映|拍|出)?的?", r" when was \1 released "),
        (rf"(?:我)?(?:已经)?(?:看过|买过|读过|玩过)(?:了)?({_N})(?:了)?", r" i have seen \1 "),
        (rf"({_N})(?:我)?(?:已经|早就)?(?:看过|买过|读过|玩过)(?:了)?", r" i have seen \1 "),
        (rf"({_N})(?:真的?|很|太|非常|挺|还)?(?:好看|不错|棒|精彩|经典)", r" \1 was great "),
        (rf"({_N})(?:真的?|很|太|非常|挺)?(?:难看|无聊|烂|没意思|不好看)", r" \1 was boring "),
        (
            rf"比({_N})(?:更|还|要|还要)?(?P<word>{_SCALE}|{_QUALITY}){_LITTLE}?的?".replace(
                f"({_N})", f"(?P<name>{_N})"
            ),
            _newer_than,
        ),
        (
            rf"(?:类似于?|好像|像|跟|和|与|同)({_N})(?:一样|那样|这样|类似|差不多|相似|相近|那种|这种|这类|那类|风格)+的?",
            r" similar to \1 ",
        ),
        (rf"(?:类似于?|好像|像|接近)({_N})的?", r" similar to \1 "),
        (rf"(?:没有|不含|不带|除了|除去)({_N})的", r" without \1. "),
        (rf"(?:由|有)?({_N})(?:主演|出演|参演|演|参加)的?", r" starring \1 "),
        (rf"(?:由)?({_N})(?:导演|执导|拍)的?", r" directed by \1 "),
        (r"同一?个?(?:导演|演员|作者|班底|主创)的?|(?:那个?|这个?)(?:导演|演员|作者)的?", " by the same people "),
        (
            rf"(?:不要|别|不|没)(?:太|那么|这么)(?P<quality>{_QUALITY})的?",
            lambda m: f" less {QUALITIES[m['quality']]} ",
        ),
        (rf"少(?:一)?点(?P<quality>{_QUALITY})的?", lambda m: f" less {QUALITIES[m['quality']]} "),
        (
            rf"更(?P<quality>{_QUALITY}){_LITTLE}?的?|(?P<soft>{_QUALITY}){_LITTLE}的?",
            lambda m: f" {_more(m['quality'] or m['soft'])} ",
        ),
        (rf"更(?P<scale>{_SCALE}){_LITTLE}?的?", _scaled),
        (rf"(?P<scale>{_SCALE}){_LITTLE}的?", _scaled),
        (r"(?:给|带)(?:小朋友|孩子们?|小孩|儿子|女儿|娃)(?:看|玩|读)?的?|适合全家的?|全家一起看的?", " for kids "),
    )
)
"""Sentence patterns and what English says."""


def _phrases(text: str) -> tuple[str, tuple[str, ...]]:
    """Longest known phrase by phrase; and the runs of characters of which nothing is known."""
    text = text.translate(_MARKS)
    found: list[str] = []
    unknown: list[str] = []
    place, begun = 0, -2
    while place < len(text):
        size = next(
            (n for n in range(min(_LONGEST, len(text) - place), 0, -1) if text[place : place + n] in PHRASES), 0
        )
        if size:
            found.append(f" {PHRASES[text[place : place + size]]} ")
        elif re.match(f"[{_HAN}]", text[place]):
            if begun == place - 1:
                unknown[-1] += text[place]
            else:
                unknown.append(text[place])
            begun = place
        else:
            found.append(text[place])
        place += size or 1
    return "".join(found), tuple(run for run in unknown if len(run) > 1)
