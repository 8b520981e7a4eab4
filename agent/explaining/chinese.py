"""Explanations in Chinese. Titles and values stay as the catalogue has them."""

from __future__ import annotations

from agent.explaining.chinese_findings import CHINESE_FINDINGS
from agent.explaining.voice import Voice, Wording
from agent.naming import CatalogueWords
from pipeline.notes import (
    FEW_READERS,
    HAD,
    KEPT_OUT,
    NO_HISTORY,
    NO_PICTURE_ENCODER,
    NO_PICTURES,
    ON_TRIAL,
    REJECTED,
    SET_ASIDE,
    UNMET,
)

_RANKED = r"(?:目前)?(?:排|排在|位列|位居)第<rank>(?:位|名)?"
_AMONG = r"(?:在)?(?:全部|所有)?<of>个<things>(?:中|里|当中|之中)"
_WITHOUT = r"(?:如果|假如|若)?(?:没有|去掉|不算)<item>(?:时|后|的话)?，?"
_SCORE = r"(?:它的)?得分(?:就)?(?:会|将)?"
_CHANGED = r"(?:按你的改动|改动之后|有了你的改动)，?"
_BOTH_SIDES = r"前后不久"
_NEW = r"它(?:是这里的新内容|在这里(?:还)?是新的)，"
_MET = r"(?:也)?会(?:也)?接触(?:到)?它"
_FROM = r"从第<before>(?:位|名)"
_TO = r"第<after>(?:位|名)"
_KEPT = r"(?:因为|由于)有位置留给新内容，"

_PARAGRAPH = {
    "place": Wording(
        (
            "{item}在{of}个{things}中排第{rank}位。",
            "在{of}个{things}中，{item}位列第{rank}。",
            "共有{of}个{things}，{item}排在第{rank}位。",
        ),
        (
            rf"<item>{_AMONG}{_RANKED}",
            rf"{_AMONG}，?<item>{_RANKED}",
            rf"(?:一)?共有<of>个<things>，<item>{_RANKED}",
        ),
    ),
    "no_place": Wording(
        ("{item}不在排名之中。", "排名中没有{item}。"),
        (r"<item>(?:并)?不在排名(?:之中|中|里)", r"排名(?:之中|中|里)(?:并)?没有<item>", r"<item>没有名次"),
    ),
    "liked": Wording(
        ("推荐它是因为你喜欢过{items}。", "你喜欢过{items}，所以推荐它。", "因为你喜欢过{items}，所以推荐它。"),
        (r"(?:之所以)?推荐它，?是因为你喜欢过<items>", r"(?:因为|由于)?你喜欢过<items>，(?:所以|因此)(?:才)?推荐它"),
    ),
    "history": Wording(
        (
            "它与你历史中的{items}相配。",
            "你历史中的{items}与它相配。",
            "它和你历史中的{items}很相配。",
        ),
        (
            r"它(?:与|和|跟)你历史(?:中|里)的<items>(?:也)?(?:很)?(?:相配|搭配|合得来)",
            r"你历史(?:中|里)的<items>(?:与|和|跟)它(?:也)?(?:很)?(?:相配|搭配|合得来)",
        ),
    ),
    "history_unnamed": Wording(
        ("它与你接触过的内容相配。", "你接触过的内容与它相配。"),
        (r"它(?:与|和|跟)你接触过的内容(?:也)?(?:很)?相配", r"你接触过的内容(?:与|和|跟)它(?:也)?(?:很)?相配"),
    ),
    "seed": Wording(
        ("如你所要求，它与{items}相近。", "它与{items}相近，正如你所要求。", "你要求与{items}相近的，它就是。"),
        (
            r"(?:正)?如你所(?:要求|愿)，它(?:与|和|跟)<items>(?:很)?(?:相近|相似|接近)",
            r"它(?:与|和|跟)<items>(?:很)?(?:相近|相似|接近)，(?:正)?如你所(?:要求|愿)",
            r"你要求(?:与|和|跟)<items>(?:相近|相似|接近)的，它(?:就|正)是",
        ),
    ),
    "text": Wording(
        ("它的描述符合：{values}。", "按描述，它符合：{values}。", "你要求的是：{values}，它的描述与此相符。"),
        (
            r"它的描述(?:也)?符合：?<values>",
            r"(?:按|从|依)描述(?:来看)?，它符合：?<values>",
            r"你要求的是：?<values>，它的描述与此相符",
        ),
    ),
    "text_unnamed": Wording(
        ("它的描述符合你的话。", "按描述，它符合你的话。"),
        (r"它的描述(?:也)?符合你的(?:话|要求)", r"(?:按|从|依)描述(?:来看)?，它符合你的(?:话|要求)"),
    ),
    "dialogue": Wording(
        ("它属于类似的对话中常推荐的那一类。", "类似的对话中常推荐它这一类。"),
        (
            r"它(?:也)?属于类似的对话(?:中|里)(?:常)?推荐的(?:那|这)?一类",
            r"类似的对话(?:中|里)(?:也)?(?:常)?推荐它(?:这|那)一类",
        ),
    ),
    "picture": Wording(
        ("它的图片与你发的图片相像。", "它看起来像你发的图片。"),
        (
            r"它的图片(?:也)?(?:与|和|跟)你发的(?:图片|那张)(?:很)?(?:相像|相似)",
            r"它(?:看起来|看上去)(?:也)?(?:很)?像你发的图片",
        ),
    ),
    "sequence": Wording(
        (
            "人们在接触{items}前后不久会接触它。",
            "在接触{items}前后不久，人们会接触它。",
            "接触{items}的人，前后不久也会接触它。",
        ),
        (
            rf"(?:这里的)?人们在接触<items>(?:的)?{_BOTH_SIDES}{_MET}",
            rf"在接触<items>(?:的)?{_BOTH_SIDES}，(?:这里的)?人们{_MET}",
            rf"接触<items>的人，?{_BOTH_SIDES}{_MET}",
        ),
    ),
    "sequence_unnamed": Wording(
        ("人们在接触你最近接触的内容前后不久会接触它。", "在接触你最近接触的内容前后不久，人们会接触它。"),
        (
            rf"(?:这里的)?人们在接触你最近接触(?:过)?的内容(?:的)?{_BOTH_SIDES}{_MET}",
            rf"在接触你最近接触(?:过)?的内容(?:的)?{_BOTH_SIDES}，(?:这里的)?人们{_MET}",
            rf"接触你最近接触(?:过)?的内容的人，?{_BOTH_SIDES}{_MET}",
        ),
    ),
    "popular": Wording(
        ("它在这里受其他人欢迎。", "这里有许多其他人接触过它。", "它在这里很受其他人欢迎。"),
        (r"它(?:在这里)?(?:也)?(?:很)?受其他人(?:的)?欢迎", r"(?:这里)?有(?:许多|很多)其他人(?:都)?接触过它"),
    ),
    "new": Wording(
        ("它是这里的新内容，按内容匹配而来。", "它在这里是新的，按内容匹配而来。"),
        (rf"{_NEW}(?:是)?按内容匹配(?:而来|的)",),
    ),
    "new_readers": Wording(
        ("它是这里的新内容，按内容和最初的接触者匹配而来。", "它在这里是新的，按内容和最初的接触者匹配而来。"),
        (rf"{_NEW}(?:是)?按内容和最初的接触者匹配(?:而来|的)",),
    ),
    "trial": Wording(
        ("它是这里的新内容，展示出来供人试用。", "它在这里是新的，展示出来供人试用。"),
        (rf"{_NEW}展示(?:出来)?(?:是)?供人试用",),
    ),
    "constraint": Wording(
        ("它符合你的要求：{values}。", "你要求的是：{values}，它都符合。", "按你的要求，它符合：{values}。"),
        (
            r"它(?:也)?符合你的要求：?<values>",
            r"你要求的是：?<values>，它(?:都)?符合",
            r"按(?:照)?你的要求，它(?:都)?符合：?<values>",
        ),
    ),
    "unsaid": Wording(
        ("没有哪一项证据特别突出。", "其中没有哪一项证据特别突出。"),
        (r"(?:其中|目前)?没有(?:哪一项|任何一项|单一的)证据特别突出",),
    ),
    "falls": Wording(
        (
            "如果没有{item}，它的得分会下降{amount}。",
            "没有{item}时，它的得分会低{amount}。",
            "去掉{item}后，它的得分会下降{amount}。",
        ),
        (rf"{_WITHOUT}{_SCORE}(?:下降|降低|减少|低)<amount>",),
    ),
    "falls_most": Wording(
        (
            "如果没有{item}，它的得分会下降最多，降幅为{amount}。",
            "没有{item}时，它的得分会下降最多，降幅为{amount}。",
        ),
        (rf"{_WITHOUT}{_SCORE}(?:下降|降低|减少)(?:得)?最多，(?:降幅)?(?:为|是|达)<amount>",),
    ),
    "falls_most_of": Wording(
        (
            "在试过的{tried}个{things}中，没有{item}时它的得分下降最多，降幅为{amount}。",
            "试过{tried}个{things}，其中没有{item}时它的得分下降最多，降幅为{amount}。",
        ),
        (
            rf"(?:在)?试过的<tried>个<things>(?:中|里|当中)，{_WITHOUT}{_SCORE}(?:下降|降低|减少)(?:得)?最多，降幅(?:为|是|达)<amount>",
            rf"试过<tried>个<things>，其中{_WITHOUT}{_SCORE}(?:下降|降低|减少)(?:得)?最多，降幅(?:为|是|达)<amount>",
        ),
    ),
    "against": Wording(
        (
            "如果没有{item}，它的得分会上升{amount}。",
            "没有{item}时，它的得分会高{amount}。",
            "{item}对它不利，使得分减少{amount}。",
        ),
        (
            rf"{_WITHOUT}{_SCORE}(?:上升|提高|增加|高)<amount>",
            r"<item>对它不利，使(?:它的)?得分(?:减少|降低)(?:了)?<amount>",
        ),
    ),
    "score_falls": Wording(
        ("按你的改动，得分从{before}降到{after}。", "改动之后，得分从{before}降到{after}。"),
        (rf"{_CHANGED}{_SCORE}从<before>(?:下)?降(?:到|至)<after>",),
    ),
    "score_rises": Wording(
        ("按你的改动，得分从{before}升到{after}。", "改动之后，得分从{before}升到{after}。"),
        (rf"{_CHANGED}{_SCORE}从<before>(?:上)?升(?:到|至)<after>",),
    ),
    "score_stays": Wording(
        ("按你的改动，得分仍为{after}。", "改动之后，得分仍为{after}。"),
        (rf"{_CHANGED}(?:它的)?得分仍(?:然)?(?:为|是)<after>",),
    ),
    "place_falls": Wording(
        ("名次从第{before}位降到第{after}位。", "它的名次从第{before}位降到第{after}位。"),
        (r"(?:它的)?名次(?:会)?从第<before>(?:位|名)(?:下)?降(?:到|至)第<after>(?:位|名)",),
    ),
    "place_rises": Wording(
        ("名次从第{before}位升到第{after}位。", "它的名次从第{before}位升到第{after}位。"),
        (r"(?:它的)?名次(?:会)?从第<before>(?:位|名)(?:上)?升(?:到|至)第<after>(?:位|名)",),
    ),
    "place_stays": Wording(
        ("名次仍为第{after}位。", "它的名次仍为第{after}位。"),
        (r"(?:它的)?名次仍(?:然)?(?:为|是)第<after>(?:位|名)",),
    ),
    "diversity_down": Wording(
        ("为了多样，它在列表中从第{before}位移到第{after}位。", "为了多样，列表把它从第{before}位后移到第{after}位。"),
        (rf"为了多样(?:性)?，(?:它在列表中|列表把它){_FROM}(?:后移|下移|移)(?:到|至){_TO}",),
    ),
    "diversity_up": Wording(
        ("为了多样，它在列表中从第{before}位提到第{after}位。", "为了多样，列表把它从第{before}位前移到第{after}位。"),
        (rf"为了多样(?:性)?，(?:它在列表中|列表把它){_FROM}(?:前移|上移|提|提前)(?:到|至){_TO}",),
    ),
    "diversity_out": Wording(
        ("为了多样，它从第{before}位退出了{k}个的列表。", "为了多样，{k}个的列表去掉了按得分排第{before}位的它。"),
        (
            rf"为了多样(?:性)?，它{_FROM}退出了?<k>个的列表",
            r"为了多样(?:性)?，<k>个的列表去掉了按得分排第<before>位的它",
        ),
    ),
    "trial_place": Wording(
        ("它在列表的第{after}位，这是留给新内容试用的位置。", "列表的第{after}位是留给新内容试用的，它就在那里。"),
        (
            rf"它(?:就)?在列表的{_TO}，这是留给新内容试用的位置",
            rf"列表的{_TO}是留给新内容试用的，它就在那里",
        ),
    ),
    "trials_down": Wording(
        (
            "因为有位置留给新内容，它在列表中从第{before}位移到第{after}位。",
            "留给新内容的位置使它从第{before}位后移到第{after}位。",
        ),
        (
            rf"{_KEPT}它在列表中{_FROM}(?:后移|下移|移)(?:到|至){_TO}",
            rf"留给新内容的位置使它{_FROM}(?:后移|下移)(?:到|至){_TO}",
        ),
    ),
    "trials_out": Wording(
        (
            "因为有位置留给新内容，它从第{before}位退出了{k}个的列表。",
            "留给新内容的位置使它从第{before}位退出了{k}个的列表。",
        ),
        (rf"(?:{_KEPT}|留给新内容的位置使)它{_FROM}退出了?<k>个的列表",),
    ),
    "note": Wording(("{note}",)),
}

_ACCOUNT = {
    "score": "它的得分是{score}。",
    "channel_adds": "{channel}使得分增加{amount}，占全部增减的{share}。",
    "channel_takes": "{channel}使得分减少{amount}，占全部增减的{share}。",
    "channels_silent": "没有影响的：{channel}。",
    "without_lower": "没有{item}时，得分低{amount}。",
    "without_higher": "没有{item}时，得分高{amount}。",
    "without_unchanged": "没有{item}时，得分不变。",
    "without_lower_place": "没有{item}时，得分低{amount}，排第{rank}位。",
    "without_higher_place": "没有{item}时，得分高{amount}，排第{rank}位。",
    "without_unchanged_place": "没有{item}时，得分不变，排第{rank}位。",
    "estimated_lower": "据估计，没有{item}时，得分低{amount}。",
    "estimated_higher": "据估计，没有{item}时，得分高{amount}。",
    "estimated_unchanged": "据估计，没有{item}时，得分不变。",
    "together": "有{count}人既接触过它，也接触过{item}。",
    "followed": "有{count}人在接触{item}之后不久接触了它。",
    "unnamed": "历史中另有{count}个没有列出。",
    "graph_sum": "图中的得分是{total}：其中{history}来自历史，{own}不属于任何一个。",
    "alike_before": "排在它前面的当中，{item}与它最像：{alike}（满分1）。",
    "alike_listed": "列表当中，{item}与它最像：{alike}（满分1）。",
    "put_before": "为了多样，得分较低的{items}排到了它前面。",
    "put_behind": "为了多样，得分较高的{items}排到了它后面或退出了列表。",
    "depth_items": "其中{part}来自历史中的内容本身。",
    "depth_people": "其中{part}来自接触过它们的其他人。",
    "depth_beyond": "其中{part}经由其他人，来自{steps}步之外。",
    "depth_echo": "其中{part}经由你自己返回，因为你也接触过它们。",
    "depth_new": "其中{part}来自训练时还不知道的历史内容。",
    "depth_paths": "经其他人的路径有{count}条，其中最强的{named}条占支持它的部分的{share}。",
    "depth_against": "其中{count}条路径对它不利。",
    "graph_item": "{item}为其增加{amount}，是精确值。",
    "graph_item_against": "{item}使其减少{amount}，是精确值。",
    "paths": "从{items}经其他人到它的路径有{count}条，占图中支持它的部分的{share}。",
    "order_place": "只看历史的先后顺序，它排第{rank}位。",
    "span_lower": "没有{items}时，顺序得分下降{amount}，排第{rank}位。",
    "span_higher": "没有{items}时，顺序得分上升{amount}，排第{rank}位。",
    "span_unchanged": "没有{items}时，顺序得分不变，排第{rank}位。",
    "gradient": "积分梯度把顺序得分中的{part}归于{item}。",
    "gap": "积分梯度遗漏了其中的{share}。",
    "match": "按内容，它与{item}相近：{alike}（满分1）。",
    "match_share": "其中{share}来自{modality}。",
    "match_values": "两者共有：{values}。",
    "models": "模型：{snapshot}。",
}

CHINESE = Voice(
    code="zh",
    name="Chinese",
    sentences={**_PARAGRAPH, **CHINESE_FINDINGS} | {kind: Wording((way,)) for kind, way in _ACCOUNT.items()},
    lines={
        "liked": "因为你喜欢过{items}",
        "history": "与你历史中的{items}相配",
        "history_unnamed": "与你接触过的内容相配",
        "seed": "如你所要求，与{items}相近",
        "text": "描述符合：{values}",
        "text_unnamed": "描述符合你的话",
        "dialogue": "类似的对话中常推荐的那一类",
        "picture": "看起来像你发的图片",
        "sequence": "人们在接触{items}前后不久会接触它",
        "sequence_unnamed": "人们在接触你最近接触的内容前后不久会接触它",
        "popular": "在这里受其他人欢迎",
        "new": "这里的新内容，按内容匹配",
        "new_readers": "这里的新内容，按内容和最初的接触者匹配",
        "trial": "这里的新内容，供人试用",
        "constraint": "符合你的要求：{values}",
        "unsaid": "没有哪一项证据特别突出",
    },
    headings={
        "place": "位置",
        "what_if": "如果去掉",
        "rerank": "显示的列表",
        "reasons": "原因",
        "channels": "得分的构成",
        "history": "历史的作用",
        "graph": "经由他人与他们接触过的内容",
        "order": "历史的先后顺序",
        "content": "内容",
        "notes": "说明",
    },
    terms={
        "lightgcn": "与你相似的人（LightGCN）",
        "spectral": "与你相似的口味（谱滤波）",
        "sasrec": "接下来的内容（SASRec）",
        "content": "内容",
        "item_to_item": "常一起被接触的内容",
        "transition": "时间上相邻的内容",
        "popularity": "受欢迎程度",
        "seed": "接近你的要求",
        "dialogue": "类似的对话",
        "taste": "你说过的口味",
        "disliked": "远离你不喜欢的",
        "new": "新内容",
        "text": "文字",
        "picture": "与你发的图片相像",
        "image": "图片",
        "attribute": "属性",
        "behaviour": "行为",
        HAD: "它现在已在历史中，因此不会再次推荐；这里是在此之前的位置。",
        ON_TRIAL: "有{}的位置留给新内容试用，因此它在列表中的位置可能高于名次。",
        NO_PICTURES: "这里的内容没有图片，所以无法与你发的图片比较。",
        NO_PICTURE_ENCODER: "这里无法读取图片，所以没有用到你发的图片。",
        KEPT_OUT: "请求的条件或目录把它排除在外。",
        UNMET: "训练模型时还没有人接触过它：它的位置来自内容。",
        REJECTED: "它曾被拒绝，因此不会推荐。",
        SET_ASIDE: "它接触过并被搁置，因此不会推荐。",
        FEW_READERS: "训练模型时它的读者很少：它的位置有一部分来自内容。",
        NO_HISTORY: "还没有历史：位置来自大家的喜好和你的要求。",
    },
    comma="、",
    last="和",
    quote="“{}”",
    between="",
    full_stop="。",
    tokens=2.5,
    example=("[A]在[C]个条目中排第[B]位。", "如你所要求，它与[D]相近。"),
    example_reworded=("共有[C]个条目，[A]排在第[B]位。", "它与[D]很相似，正如你所要求。"),
    noun=CatalogueWords("条目", "条目"),
)
