"""Chinese phrases and the English ones that understanding knows; the longest phrase wins.

Values of a catalogue in English are reached through the English synonyms; a catalogue in Chinese is asked for in its
own words, which are never translated (``agent.chinese.reading``).
"""

from __future__ import annotations

from collections.abc import Mapping

_VALUES = """
喜剧|搞笑片|笑片|幽默片 = comedy
爱情喜剧|浪漫喜剧 = romance comedy
爱情|浪漫片|言情 = romance
动作|武打|打斗片 = action
科幻 = sci-fi
恐怖|惊悚恐怖|鬼片|吓人片 = horror
惊悚 = thriller
悬疑|推理|侦探片 = mystery
犯罪|黑帮|警匪 = crime
剧情|文艺片 = drama
战争 = war
西部|西部牛仔|牛仔片 = western
动画|动漫|卡通 = animation
纪录 = documentary
歌舞|音乐剧|音乐 = musical
奇幻|魔幻 = fantasy
冒险|探险 = adventure
黑色电影 = film-noir
儿童|适合孩子看|适合孩子|适合小孩看|适合小孩|适合儿童|亲子|给孩子看|家庭片|少儿 = children
"""

_WISHES = """
推荐一下|推荐|介绍几 = recommend
推荐几|推荐一些|推荐些 = recommend some
给我来|给我找|给我看|帮我找|来点|来几|找几|给我 = show me
想看看|想看点|想看|要看|想要|我要|我想|想找|要找|找|求 = looking for
有没有|有什么|有哪些|有吗|哪些 = do you have
今晚看什么|看什么好|看什么|随便看看|随便来|随便 = surprise me
换一批|换一换|换几|换点别|还有别|还有其他|还有吗|再来几|再来一些|再来|其他|别的|更多|再推荐|还有 = show me others
只要|只看|必须是 = only
也要|也可以加上|另外 = also
换成|改成|改为 = instead
或者|或是|或|还是 = or
以及|并且|和|与|跟|还要 = and
但是|但|不过|可是|然而 = but
"""

_NEGATIONS = """
不要有|不要|不想看到|不想看|不想要|不看|别要|别给我|别|没有|不含|不带|不包括|排除|去掉|除了|除去|除开|无|拒绝 = no
也不要|也不想看|也别 = and no
"""

_TASTE = """
非常喜欢|特别喜欢|最喜欢|很喜欢|喜欢看|爱看|喜欢|喜爱|热爱|很爱 = i like
不喜欢看|不太喜欢|不喜欢|不爱看|讨厌|受不了|很烦|最怕|害怕|怕看|怕 = i hate
无所谓|都无所谓|没关系|不介意 = i dont mind
"""

_QUESTIONS = """
为什么|为何|凭什么 = why
区别|不同|差别|对比一下|比较一下|对比|比较 = compare
"""

_TAKING_BACK = """
撤销|撤回|取消刚才|取消|回退|退回|返回上一步|上一步|后悔了 = undo
重新开始|从头开始|全部清空|清空|重来|重置|全部忘掉|从头来 = start over
忘掉|忘记|不再要求|取消要求 = forget the
不对|说错了|哦不|不是 = , no i meant
"""

_TALK = """
你好|您好|嗨|哈喽|早上好|早安|下午好|晚上好|在吗 = hello
谢谢|多谢|感谢|非常感谢|太感谢 = thank you
再见|拜拜|晚安 = goodbye
你是谁|你叫什么 = who are you
你能做什么|你会什么|怎么用 = what can you do
天气 = what is the weather
写一首诗|写首诗|写诗|作诗|写作文|写代码|写程序|写一段 = write a poem
机票|订票|订酒店|订餐|订一张 = book a flight
汇率 = exchange rate
股票|股价|股市 = stock price
新闻 = latest news
几点 = what time is it
翻译 = translate
提示词|系统指令|系统提示 = system prompt
密码 = the password
其他用户|别的用户|别人看 = other users
笑话 = tell me a joke
总统 = who is the president
菜谱|食谱 = recipe
算一下|计算 = calculate
"""

_KINDS = """
爱情的 = romance
搞笑|好笑|幽默|欢乐 = funny
浪漫 = romantic
吓人|可怕 = scary
血腥 = bloody
暴力 = violent
轻松 = light
温馨|治愈|暖心 = heartwarming
感人|催泪 = emotional
黑暗|阴暗 = dark
悲伤|伤感|难过 = sad
紧张|刺激|烧脑 = suspenseful
经典 = classic
黑白 = black and white
严肃|沉重 = serious
慢|节奏慢 = slow
安静 = quiet
奇怪|怪异 = weird
无聊 = boring
复杂 = complex
简单 = simple
励志 = uplifting
史诗 = epic
圣诞 = christmas
太空|宇宙 = space
机器人 = robots
超级英雄 = superhero
武侠|功夫 = kung fu
"""

_THINGS = """
电影|影片|片子|大片|老片|视频 = movies
书籍|图书|书 = books
游戏 = games
商品|产品|东西|内容 = items
演员表|谁演的 = who stars in
"""

_EVERYDAY = """
的话 吧 呢 吗 呀 啊 哦 嘛 了 的 得 地 请 请问 麻烦 一下 我们 我 你 您 它 他 她 给 来 看 片 类 型 那种 那类
这种 这类 一些 几部 几个 几 些 点 一点 比较好 都行 都可以 可以 就行 就好 好 很 非常 特别 太 最 更 要 想 是 有
在 会 能 拍 上映 出品 左右 现在 今天 今晚 晚上 心情 不好 老 部 个 本 款 件 首 张 条 之 以外 之外 方面 关于
一样 那样 帮 怎么样 怎样 什么 多少 去 从 上 下 里 这 那 也 还 都 吃 就 行 啦
"""


def _pairs(*blocks: str) -> dict[str, str]:
    lines = (line.partition(" = ") for block in blocks for line in block.strip().split("\n"))
    return {phrase: english for phrases, _, english in lines for phrase in phrases.split("|")}


QUALITIES: Mapping[str, str] = _pairs(_KINDS)
"""Chinese adjective -> the English one."""

PHRASES: Mapping[str, str] = {
    **dict.fromkeys(_EVERYDAY.split(), ""),
    **_pairs(_VALUES, _WISHES, _NEGATIONS, _TASTE, _QUESTIONS, _TAKING_BACK, _TALK, _KINDS, _THINGS),
}
"""Chinese phrase -> English, "" where it says nothing."""
