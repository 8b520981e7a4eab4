"""Chinese numbers as digits, and traditional characters as simplified ones."""

from __future__ import annotations

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1000}

NUMERAL = rf"(?:\d+|[{''.join((*_DIGITS, *_UNITS))}]+)"
"""A number in digits or characters, as a regular expression."""


def number_of(text: str) -> int:
    """ "二十" -> 20, "十二" -> 12, "一九九四" -> 1994, "15" -> 15. ``text`` matches ``NUMERAL``."""
    if text.isdecimal():
        return int(text)
    if not any(mark in _UNITS for mark in text):
        return int("".join(str(_DIGITS[mark]) for mark in text))
    total = digit = 0
    for mark in text:
        if mark in _UNITS:
            total += (digit or 1) * _UNITS[mark]
            digit = 0
        else:
            digit = _DIGITS[mark]
    return total + digit


_PAIRS = """
薦荐 愛爱 動动 類类 幾几 沒没 歡欢 電电 視视 劇剧 懸悬 驚惊 戰战 紀纪 錄录 樂乐 無无 個个 這这 為为
麼么 點点 請请 給给 後后 來来 還还 嗎吗 討讨 厭厌 兒儿 員员 導导 與与 較较 區区 別别 對对 換换 謝谢
講讲 說说 過过 時时 間间 從从 開开 銷销 輕轻 鬆松 溫温 嚇吓 適适 學学 場场 險险 經经 歲岁 長长 壓压
樣样 買买 賣卖 書书 風风 車车 機机 東东 裡里 裏里 親亲 單单 雙双 聽听 寫写 詩诗 訂订 現现 貨货 幣币
錢钱 報报 網网 啟启 復复 話话 邊边 種种 嚴严 肅肃 緊紧 張张 傷伤 療疗 癒愈 難难 貴贵 價价 際际 衛卫
國国 語语 華华 聲声 閱阅 遊游 戲戏 環环 實实 驗验 簡简 紹绍 詳详 細细 劃划 評评 論论 執执 誰谁 陣阵
則则
"""
_CHARACTERS = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})


def simplified(text: str) -> str:
    """Traditional characters of everyday requests as simplified ones; the others stay. The length stays."""
    return text.translate(_CHARACTERS)
