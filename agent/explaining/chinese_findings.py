"""How a contrast, a smallest removal and a taste are said in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from agent.explaining.voice import Wording

_BEST = r"(?:得分)?最高的<k>个"
_LEAVES = rf"(?:就)?(?:会)?(?:退出|掉出|不在){_BEST}(?:之列)?"
_WITHOUT = r"(?:如果)?(?:没有|去掉)<items>(?:时|后|的话)?，?"
_WHOLE = r"(?:即使|哪怕)(?:去掉|没有)(?:全部|整个)历史，?"
_NO_SMALLER = r"(?:更小|更少)的部分做不到"
_UNPROVEN = r"(?:更小|更少)的部分是否做得到，(?:尚|还)未(?:得到)?证明"
_HISTORY_HELPS = "历史中最有助于{item}胜过{other}的是{helper}：据估计为{amount}。"
_HELPS = "据估计，历史中的{helper}最有助于{item}胜过{other}：{amount}。"
_HELPS_FORMS = (
    r"(?:你)?历史中最有助于<item>胜过<other>的是<helper>：据估计[为是]<amount>",
    r"据估计，(?:你)?历史中的<helper>最有助于<item>胜过<other>：<amount>",
)

CHINESE_FINDINGS: Mapping[str, Wording] = {
    "contrast_leads": Wording(
        (
            "{item}的得分比{other}高{amount}。",
            "{other}的得分比{item}低{amount}。",
        ),
        (r"<item>的得分比<other>(?:要)?高(?:出)?<amount>", r"<other>的得分比<item>(?:要)?低<amount>"),
    ),
    "contrast_even": Wording(
        ("{item}与{other}的得分几乎相同。", "{item}的得分与{other}几乎相同。"),
        (r"<item>[与和跟]<other>的得分(?:几乎|大致)相同", r"<item>的得分[与和跟]<other>(?:几乎|大致)相同"),
    ),
    "contrast_channel": Wording(("各部分中，{channel}最支持{item}而非{other}：{amount}。",)),
    "contrast_channel_again": Wording(("最支持{item}而非{other}的则是{channel}：{amount}。",)),
    "contrast_history": Wording((_HISTORY_HELPS, _HELPS), _HELPS_FORMS),
    "contrast_history_again": Wording((_HELPS, _HISTORY_HELPS), _HELPS_FORMS),
    "removal_none": Wording(
        (
            "即使去掉全部历史，{item}仍在得分最高的{k}个之中。",
            "哪怕没有全部历史，{item}仍在得分最高的{k}个之中。",
        ),
        (rf"{_WHOLE}<item>(?:也)?仍(?:然)?在{_BEST}(?:之中|之列|里)",),
    ),
    "removal_needless": Wording(
        ("{item}现在就不在得分最高的{k}个之中。", "现在{item}就不在得分最高的{k}个之中。"),
        (
            rf"<item>(?:现在|目前)(?:就)?不在{_BEST}(?:之中|之列|里)",
            rf"(?:现在|目前)，?<item>(?:就)?不在{_BEST}(?:之中|之列|里)",
        ),
    ),
    "removal_proven": Wording(
        (
            "没有{items}时，{item}就退出得分最高的{k}个；更小的部分做不到。",
            "去掉{items}后，{item}就退出得分最高的{k}个；更小的部分做不到。",
        ),
        (rf"{_WITHOUT}<item>{_LEAVES}[；，]{_NO_SMALLER}",),
    ),
    "removal_found": Wording(
        (
            "没有{items}时，{item}就退出得分最高的{k}个；更小的部分是否做得到，尚未证明。",
            "去掉{items}后，{item}就退出得分最高的{k}个；更小的部分是否做得到，尚未证明。",
        ),
        (rf"{_WITHOUT}<item>{_LEAVES}[；，]{_UNPROVEN}",),
    ),
    "removal_bound": Wording(
        ("可以肯定，去掉历史中少于{count}个是不够的。", "去掉历史中少于{count}个，肯定是不够的。"),
        (
            r"可以(?:肯定|确定)，去掉(?:你)?历史中少于<count>个是不够的",
            r"去掉(?:你)?历史中少于<count>个，(?:肯定|确定)是不够的",
        ),
    ),
    "taste_none": Wording(
        ("还没有能说明口味的历史。", "没有历史能说明口味。"),
        (r"(?:现在)?还没有能说明(?:你的)?口味的历史", r"没有历史能说明(?:你的)?口味"),
    ),
    "taste_one": Wording(
        (
            "你的历史有{count}个{things}，是一个整体，没有哪部分明显分开。",
            "你的历史有{count}个{things}，没有哪部分明显分开，是一个整体。",
        ),
        (
            r"你的历史有<count>个<things>，是一个整体，没有哪部分明显分开",
            r"你的历史有<count>个<things>，没有哪部分明显分开，是一个整体",
        ),
    ),
    "taste_groups": Wording(
        ("你的历史有{count}个{things}，分成{groups}组。", "你的历史分成{groups}组，共有{count}个{things}。"),
        (
            r"你的历史有<count>个<things>，(?:可以)?分成<groups>组",
            r"你的历史(?:可以)?分成<groups>组，共有?<count>个<things>",
        ),
    ),
    "taste_middle": Wording(
        ("处在中心的是{items}。", "{items}处在中心。"),
        (r"(?:处)?在中心的是<items>", r"<items>处在中心"),
    ),
    "taste_common": Wording(
        ("其中最常见的是{values}。", "{values}在其中最常见。"),
        (r"其中最常见的是：?<values>", r"<values>在其中最常见"),
    ),
    "taste_group": Wording(
        (
            "以{items}为中心的一组有{count}个，占历史的{share}。",
            "有{count}个以{items}为中心，成为一组，占历史的{share}。",
        ),
        (
            r"以<items>为中心的(?:那)?一组有<count>个，占(?:你)?历史的<share>",
            r"有<count>个以<items>为中心，成为一组，占(?:你)?历史的<share>",
        ),
    ),
    "taste_values": Wording(
        ("与历史的其余部分相比，它更常有{values}。", "它比历史的其余部分更常有{values}。"),
        (r"[与和跟](?:你)?历史的其余部分相比，它更常有：?<values>", r"它比(?:你)?历史的其余部分更常有：?<values>"),
    ),
    "taste_drives": Wording(
        ("历史对推荐的支持，有{share}来自这一组。", "这一组占历史对推荐的支持的{share}。"),
        (r"(?:你的)?历史对推荐的支持，有<share>来自这一组", r"这一组占(?:你的)?历史对推荐的支持的<share>"),
    ),
    "taste_leads": Wording(
        ("它比其他各组更支持{items}。", "与其他各组相比，它更支持{items}。"),
        (r"它比其他各组(?:都)?更支持<items>", r"[与和跟]其他各组相比，它更支持<items>"),
    ),
    "taste_left_out": Wording(
        ("历史中另有{count}个是图所不知道的。", "图不知道历史中的另外{count}个。"),
        (r"(?:你的)?历史中另有<count>个是图所不知道的", r"图不知道(?:你的)?历史中的另外<count>个"),
    ),
}
