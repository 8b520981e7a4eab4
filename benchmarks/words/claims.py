"""How the judge reads sentences back: regular expressions by language, written apart from the templates they judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Parsers = Sequence[tuple[str, str]]

_N = r"[\d,]+"
_X = r"-?[\d,]*\.?\d+"
_P = r"<?-?[\d.]+%"

JOINTS: Mapping[str, str] = {"en": r", and | and |, ", "zh": "、|和"}
"""Between the parts of a list."""

_EN_SCORE = r"(?:its|the) score"
_EN_FALL = r"(?:would )?(?:falls?|drops?|go(?:es)? down)"
_EN_RISE = r"(?:would )?(?:rises?|go(?:es)? up)"
_EN_MOVED = rf"from (?:place|rank) (?P<before>{_N}) to (?:place |rank )?(?P<after>{_N})"
_EN_KEPT = r"places (?:that are )?kept for new items"
_EN_OUT = r"with your changes"
_EN_IT = r"(?:it|this)(?: also)?"
_EN_TRIED = rf"of (?:the )?(?P<tried>{_N}) \w+ (?:(?:that|which) were )?tried"

_ENGLISH: Parsers = (
    ("place", rf"(?P<item>.+) \w+(?: \w+)?(?: at| in)?(?: the)? (?:place|position|rank|number) (?P<rank>{_N}),? (?:of|among|out of)(?: the| all| all the)? (?P<of>{_N}) \w+(?: here)?\."),
    ("place", rf"(?:of|among|out of)(?: the| all| all the)? (?P<of>{_N}) \w+(?: here)?,? (?P<item>.+) (?:is|stands|comes|sits|ranks)(?: ranked| found)?(?: at| in)?(?: the)? (?:place|position|rank|number) (?P<rank>{_N})\."),
    ("place", rf"(?P<item>.+?) (?:is|stands|comes|sits|ranks)(?: ranked| found)?(?: at| in)?(?: the)? (?:place|position|rank|number) (?P<rank>{_N}),? (?:of|among|out of)(?: the| all| all the)? (?P<of>{_N}) \w+(?: here)?\."),
    ("place", rf"(?P<item>.+?) (?:is|stands|comes|sits|ranks)(?: ranked| found)?(?: at| in)?(?: the)? (?:place|position|rank|number) (?P<rank>{_N}); there are (?P<of>{_N}) \w+(?: here)?\."),
    ("no_place", r"(?P<item>.+) (?:has|holds|takes) no (?:place|position|rank) in (?:the|this) (?:ranking|list)\."),
    ("no_place", r"there is no (?:place|position|rank) for (?P<item>.+) in (?:the|this) (?:ranking|list)\."),
    ("no_place", r"(?P<item>.+) is not (?:in|part of) the ranking\."),
    ("score", rf"its score is (?P<score>{_X})\."),
    ("liked", r"it is (?:also )?(?:here|there|recommended|shown) (?:because|since|as) you liked (?P<items>.+)\."),
    ("liked", r"(?:because|since|as) you liked (?P<items>.+), it is (?:also )?(?:here|there|recommended|shown)\."),
    ("liked", r"you liked (?P<items>.+?)(?:: that is why|,? and that is why|,? and so|,? so|,? that is why) it is (?:also )?(?:here|there|recommended|shown)\."),
    ("liked", r"the reason is that you liked (?P<items>.+)\."),
    ("history", rf"{_EN_IT} \w+(?: well)? with (?P<items>.+?),?(?: which (?:is|are))? (?:from|in|of) your history,?\."),
    ("history", r"(?P<items>.+?),?(?: which (?:is|are))? (?:from|in|of) your history,? (?:also )?\w+(?: well)? with it\."),
    ("history", r"(?:from|in|of) your history,? (?P<items>.+) (?:also )?(?:go|goes|fit|fits|belong|belongs|pair|pairs)(?: well)? with it\."),
    ("history_unnamed", rf"{_EN_IT} \w+(?: well)? with what you(?: have)? met\."),
    ("history_unnamed", r"what you(?: have)? met (?:also )?\w+(?: well)? with it\."),
    ("seed", r"it is (?:also )?(?:close|similar|near) to (?P<items>.+?),? (?:just )?as you asked(?: for)?\."),
    ("seed", r"it is (?:also )?(?:close|similar|near) to (?P<items>.+?),? (?:which is )?what you asked for\."),
    ("seed", r"(?:just )?as you asked,? it is (?:also )?(?:close|similar|near) to (?P<items>.+)\."),
    ("seed", r"you asked for (?:something like |something close to )?(?P<items>.+), and it is (?:also )?(?:close|similar|near) to (?:that|it|them)\."),
    ("text_unnamed", r"(?:its description|by its description,? it) (?:also )?(?:matches|fits|suits) (?:your words|what you asked for)\."),
    ("text", r"(?:its description|by its description,? it) (?:also )?(?:matches|fits|suits) (?P<values>.+?)(?:,? as you asked)?\."),
    ("text", r"you asked for (?P<values>.+?),? and its description (?:also )?(?:matches|fits|suits) (?:that|this|it)\."),
    ("sequence_unnamed", r"people(?: here)? (?:also )?meet it soon (?:before or after|after or before) what you(?: have)? met lately\."),
    ("sequence_unnamed", r"soon (?:before or after|after or before) what you(?: have)? met lately,? people(?: here)? (?:also )?meet it\."),
    ("sequence_unnamed", r"people(?: here)? who meet what you(?: have)? met lately (?:also )?meet it soon (?:before or after|after or before)(?: that)?\."),
    ("dialogue", r"it is (?:also )?of (?:a|the) kind (?:that is )?recommended in conversations such as this(?: one)?\."),
    ("dialogue", r"in conversations such as this(?: one)?,? its kind is (?:also )?recommended\."),
    ("picture", r"(?:its picture|it) (?:also )?looks like (?:the one|(?:the|your) picture)(?: (?:that )?you sent)?\."),
    ("sequence", r"people(?: here)? (?:also )?meet it soon (?:before or after|after or before) (?P<items>.+)\."),
    ("sequence", r"soon (?:before or after|after or before) (?P<items>.+?),? people(?: here)? (?:also )?meet it\."),
    ("sequence", r"people(?: here)? who meet (?P<items>.+) (?:also )?meet it soon (?:before or after|after or before)(?: that)?\."),
    ("popular", r"it is (?:also )?popular (?:with|among) (?:the )?other people(?: here)?\."),
    ("popular", r"many (?:other )?people(?: here)? have (?:also |already )?met it\."),
    ("popular", r"other people(?: here)? (?:also )?meet it a lot(?:: it is popular)?\."),
    ("new", r"it is (?:still )?new(?: here)?(?::| and|,) (?:it )?(?:was|is) (?:matched|found|chosen) by its content(?P<readers> and (?:by )?its first readers)?\."),
    ("trial", r"it is (?:still )?new(?: here)?(?::| and|,) (?:it )?is (?:being )?shown (?:so as )?to be tried out\."),
    ("constraint", r"it (?:also )?(?:matches|fits|suits) what you asked(?: for)?: (?P<values>.+)\."),
    ("constraint", r"as you asked,? it (?:also )?has (?P<values>.+)\."),
    ("constraint", r"it (?:also )?has (?P<values>.+?),? as you asked\."),
    ("constraint", r"you asked for (?P<values>.+?),? and it (?:also )?has (?:that|this|them)\."),
    ("unsaid", r"(?:there is )?no (?:single |one )?piece of evidence (?:that )?stands out(?: here)?\."),
    ("falls_most", rf"without (?P<item>.+?),? {_EN_SCORE} {_EN_FALL} the most[,:]? by (?P<amount>{_X})\."),
    ("falls_most", rf"{_EN_SCORE} {_EN_FALL} the most[,:]? (?:by (?P<amount>{_X}),? )?without (?P<item>.+)\."),
    ("falls_most", rf"{_EN_SCORE} {_EN_FALL} the most[,:]? without (?P<item>.+?)[,:]? by (?P<amount>{_X})\."),
    ("falls_most", rf"without (?P<item>.+?),? {_EN_SCORE} {_EN_FALL} by (?P<amount>{_X}),? (?:which is )?the most {_EN_TRIED}\."),
    ("falls_most", rf"without (?P<item>.+?),? {_EN_SCORE} {_EN_FALL} the most {_EN_TRIED}[,:]? by (?P<amount>{_X})\."),
    ("falls_most", rf"{_EN_TRIED},? {_EN_SCORE} {_EN_FALL} the most without (?P<item>.+?)[,:]? by (?P<amount>{_X})\."),
    ("falls", rf"without (?P<item>.+?),? {_EN_SCORE} {_EN_FALL} by (?P<amount>{_X})\."),
    ("falls", rf"without (?P<item>.+?),? {_EN_SCORE} (?:would be|is) (?:lower by )?(?P<amount>{_X})(?: lower)?(?: and the place (?P<rank>{_N}))?\."),
    ("falls", rf"{_EN_SCORE} (?:{_EN_FALL} by|would be|is)(?: lower by)? (?P<amount>{_X})(?: lower)? without (?P<item>.+)\."),
    ("rises", rf"without (?P<item>.+?),? {_EN_SCORE} (?:{_EN_RISE} by|would be|is)(?: higher by)? (?P<amount>{_X})(?: higher)?(?: and the place (?P<rank>{_N}))?\."),
    ("rises", rf"{_EN_SCORE} (?:{_EN_RISE} by|would be|is)(?: higher by)? (?P<amount>{_X})(?: higher)? without (?P<item>.+)\."),
    ("rises", rf"(?P<item>.+) (?:counts|speaks|works) against it,? by (?P<amount>{_X})\."),
    ("stays", rf"without (?P<item>.+) the score stays as it is(?: and the place is (?P<rank>{_N}))?\."),
    ("estimated_falls", rf"without (?P<item>.+) the score is lower by (?P<amount>{_X}), as estimated\."),
    ("estimated_rises", rf"without (?P<item>.+) the score is higher by (?P<amount>{_X}), as estimated\."),
    ("estimated_stays", r"without (?P<item>.+) the score stays as it is, as estimated\."),
    ("score_falls", rf"{_EN_OUT},? {_EN_SCORE} {_EN_FALL} from (?P<before>{_X})(?: down)? to (?P<after>{_X})\."),
    ("score_falls", rf"{_EN_SCORE} {_EN_FALL} from (?P<before>{_X})(?: down)? to (?P<after>{_X}),? {_EN_OUT}\."),
    ("score_rises", rf"{_EN_OUT},? {_EN_SCORE} {_EN_RISE} from (?P<before>{_X})(?: up)? to (?P<after>{_X})\."),
    ("score_rises", rf"{_EN_SCORE} {_EN_RISE} from (?P<before>{_X})(?: up)? to (?P<after>{_X}),? {_EN_OUT}\."),
    ("score_stays", rf"{_EN_OUT},? {_EN_SCORE} (?:stays|remains)(?: at)? (?P<after>{_X})\."),
    ("score_stays", rf"{_EN_SCORE} (?:stays|remains)(?: at)? (?P<after>{_X}),? {_EN_OUT}\."),
    ("place_falls", rf"(?:it|(?:its|the) (?:place|rank|position))(?: also)? {_EN_FALL} from (?:place |rank )?(?P<before>{_N})(?: down)? to (?:place |rank )?(?P<after>{_N})\."),
    ("place_rises", rf"(?:it|(?:its|the) (?:place|rank|position))(?: also)? {_EN_RISE} from (?:place |rank )?(?P<before>{_N})(?: up)? to (?:place |rank )?(?P<after>{_N})\."),
    ("place_stays", rf"(?:it|(?:its|the) (?:place|rank|position)) (?:stays|remains|is still)(?: at| in)?(?: place| rank)? (?P<after>{_N})\."),
    ("channel_adds", rf"(?P<channel>.+) adds (?P<amount>{_X}) to the score, (?P<share>{_P}) of all that moves it\."),
    ("channel_takes", rf"(?P<channel>.+) takes (?P<amount>{_X}) from the score, (?P<share>{_P}) of all that moves it\."),
    ("silent", r"without effect: (?P<channels>.+)\."),
    ("together", rf"(?P<count>{_N}) (?:person has|people have) met both it and (?P<item>.+)\."),
    ("followed", rf"(?P<count>{_N}) (?:person|people) met it soon after (?P<item>.+)\."),
    ("unnamed", rf"(?P<count>{_N}) more of the history (?:is|are) not named here\."),
    ("graph_sum", rf"in the graph its score is (?P<total>{_X}): (?P<history>{_X}) from the history, (?P<own>{_X}) from what belongs to no item\."),
    ("graph_adds", rf"(?P<item>.+) adds (?P<amount>{_X}) to that, exactly\."),
    ("graph_takes", rf"(?P<item>.+) takes (?P<amount>{_X}) from that, exactly\."),
    ("paths", rf"(?P<count>{_N}) paths? from (?P<item>.+) through other people: (?P<share>{_P}) of what speaks for it in the graph\."),
    ("order_place", rf"by the order of the history alone it stands at place (?P<rank>{_N})\."),
    ("span_falls", rf"without (?P<items>.+) the score by order falls by (?P<amount>{_X}), to place (?P<rank>{_N})\."),
    ("span_rises", rf"without (?P<items>.+) the score by order rises by (?P<amount>{_X}), to place (?P<rank>{_N})\."),
    ("span_stays", rf"without (?P<items>.+) the score by order stays as it is, at place (?P<rank>{_N})\."),
    ("gradient", rf"integrated gradients give (?P<item>.+) (?P<part>{_X}) of the score by order\."),
    ("gap", rf"integrated gradients miss (?P<share>{_P}) of it\."),
    ("match", rf"by content it is close to (?P<item>.+): (?P<alike>{_X}) of 1\."),
    ("match_share", rf"(?P<share>{_P}) of that is by (?P<modality>.+)\."),
    ("match_values", r"both have (?P<values>.+)\."),
    ("models", r"models: (?P<snapshot>.+)\."),
    ("diverse_falls", rf"diversity moves it down the list, {_EN_MOVED}\."),
    ("diverse_falls", rf"for diversity,? it (?:moves|goes) down the list, {_EN_MOVED}\."),
    ("diverse_rises", rf"diversity moves it up the list, {_EN_MOVED}\."),
    ("diverse_rises", rf"for diversity,? it (?:moves|goes) up the list, {_EN_MOVED}\."),
    ("diverse_out", rf"diversity takes it from (?:place|rank) (?P<before>{_N}) out of the list of (?P<k>{_N})\."),
    ("diverse_out", rf"diversity takes it out of place (?P<before>{_N}) of the list of (?P<k>{_N})\."),
    ("diverse_out", rf"for diversity,? it leaves the list of (?P<k>{_N}), where its score puts it at (?:place|rank) (?P<before>{_N})\."),
    ("on_trial", rf"it (?:stands|is) at place (?P<after>{_N}) of the list, which is kept for trying (?:out new items|new items out)\."),
    ("on_trial", rf"place (?P<after>{_N}) of the list is kept for trying (?:out new items|new items out), and it (?:stands|is) there\."),
    ("trials_fall", rf"{_EN_KEPT} move it down the list, {_EN_MOVED}\."),
    ("trials_fall", rf"it moves down the list, {_EN_MOVED}, for {_EN_KEPT}\."),
    ("trials_out", rf"{_EN_KEPT} take it from (?:place|rank) (?P<before>{_N}) out of the list of (?P<k>{_N})\."),
    ("trials_out", rf"from (?:place|rank) (?P<before>{_N}),? it leaves the list of (?P<k>{_N}), for {_EN_KEPT}\."),
    ("alike", rf"of what (?:stands before it|is in the list), (?P<item>.+) is most like it: (?P<alike>{_X}) of 1\."),
    ("put_before", r"diversity puts (?P<items>.+), of lower score, before it\."),
    ("put_behind", r"diversity puts (?P<items>.+), of higher score, behind it or out of the list\."),
    ("depth_items", rf"(?P<part>{_X}) of that is from the history items themselves\."),
    ("depth_people", rf"(?P<part>{_X}) of that is from other people who met them\."),
    ("depth_people", rf"(?P<part>{_X}) of that comes through other people from (?P<steps>{_N}) steps away\."),
    ("depth_echo", rf"(?P<part>{_X}) of that comes back through you, as one who met them\."),
    ("depth_new", rf"(?P<part>{_X}) of that is from history items that training did not know\."),
    ("depth_paths", rf"(?P<count>{_N}) paths? runs? through other people; the strongest (?P<named>{_N}) carr(?:y|ies) (?P<share>{_P}) of what speaks for it\."),
    ("depth_against", rf"(?P<count>{_N}) of the paths counts? against it\."),
    ("note", r"(?P<note>.+)"),
)  # fmt: skip

_ZH_WITHOUT = r"(?:如果|假如|若)?(?:没有|去掉|不算)(?P<item>“.+”)(?:时|后|的话)?，?"
_ZH_SCORE = r"(?:它的)?得分(?:就)?(?:会|将)?"
_ZH_FROM = rf"从第(?P<before>{_N})[位名]"
_ZH_TO = rf"第(?P<after>{_N})[位名]"
_ZH_OUT = r"(?:按你的改动|改动之后|有了你的改动)，?"

_CHINESE: Parsers = (
    ("place", rf"(?P<item>“.+”)在?(?:全部|所有)?(?P<of>{_N})个.+?[中里]目?前?(?:排|位).{{0,2}}第(?P<rank>{_N})[位名]?。"),
    ("place", rf"在?(?:全部|所有)?(?P<of>{_N})个.+?[中里]，?(?P<item>“.+”)目?前?(?:排|位).{{0,2}}第(?P<rank>{_N})[位名]?。"),
    ("place", rf"一?共有(?P<of>{_N})个.+?，(?P<item>“.+”)目?前?(?:排|位).{{0,2}}第(?P<rank>{_N})[位名]?。"),
    ("no_place", r"(?P<item>“.+”)(?:并?不在排名(?:之中|中|里)|没有名次)。"),
    ("no_place", r"排名(?:之中|中|里)并?没有(?P<item>“.+”)。"),
    ("score", rf"它的得分是(?P<score>{_X})。"),
    ("liked", r"(?:之所以)?推荐它，?是因为你喜欢过(?P<items>“.+”)。"),
    ("liked", r"(?:因为|由于)?你喜欢过(?P<items>“.+”)，(?:所以|因此)才?推荐它。"),
    ("history", r"它[与和跟]你历史[中里]的(?P<items>“.+”)也?很?(?:相配|搭配|合得来)。"),
    ("history", r"你历史[中里]的(?P<items>“.+”)[与和跟]它也?很?(?:相配|搭配|合得来)。"),
    ("history_unnamed", r"它[与和跟]你接触过的内容也?很?相配。"),
    ("history_unnamed", r"你接触过的内容[与和跟]它也?很?相配。"),
    ("seed", r"正?如你所[要愿]求?，它[与和跟](?P<items>“.+”)很?(?:相近|相似|接近)。"),
    ("seed", r"它[与和跟](?P<items>“.+”)很?(?:相近|相似|接近)，正?如你所[要愿]求?。"),
    ("seed", r"你要求[与和跟](?P<items>“.+”)(?:相近|相似|接近)的，它[就正]是。"),
    ("text_unnamed", r".*描述.*符合你的(?:话|要求)。"),
    ("text", r"(?:它的描述也?|[按从依]描述(?:来看)?，它)符合：?(?P<values>.+)。"),
    ("text", r"你要求的是：?(?P<values>.+)，它的描述与此相符。"),
    ("sequence_unnamed", r"(?:这里的)?人们在接触你最近接触过?的内容的?前后不久也?会也?接触到?它。"),
    ("sequence_unnamed", r"在接触你最近接触过?的内容的?前后不久，(?:这里的)?人们也?会也?接触到?它。"),
    ("sequence_unnamed", r"接触你最近接触过?的内容的人，?前后不久也?会也?接触到?它。"),
    ("dialogue", r"(?:它也?属于)?类似的对话[中里]也?常?(?:推荐的[那这]?一类|推荐它[这那]一类)。"),
    ("picture", r"它(?:的图片也?[与和跟]|看起来也?很?|看上去也?很?)像?你发的(?:图片|那张)(?:很?相[像似])?。"),
    ("sequence", r"(?:这里的)?人们在接触(?P<items>“.+”)的?前后不久.*会.*接触到?它。"),
    ("sequence", r"在?接触(?P<items>“.+”)(?:的人)?的?，?前后不久，?(?:(?:这里的)?人们)?.*会.*接触到?它。"),
    ("popular", r"它(?:在这里)?也?很?受其他人的?欢迎。"),
    ("popular", r"(?:这里)?有(?:许多|很多)其他人都?接触过它。"),
    ("new", r"它(?:是这里的新内容|在这里还?是新的)，是?按内容(?P<readers>和最初的接触者)?匹配(?:而来|的)。"),
    ("trial", r"它(?:是这里的新内容|在这里还?是新的)，展示(?:出来)?是?供人试用。"),
    ("constraint", r"(?:它也?符合你的要求|按照?你的要求，它都?符合)：?(?P<values>.+)。"),
    ("constraint", r"你要求的是：?(?P<values>.+)，它都?符合。"),
    ("unsaid", r"(?:其中|目前)?没有(?:哪一项|任何一项|单一的)证据特别突出。"),
    ("falls_most", rf"{_ZH_WITHOUT}{_ZH_SCORE}(?:下降|降低|减少)得?最多，(?:降幅)?[为是达](?P<amount>{_X})。"),
    ("falls_most", rf"在?试过的?(?P<tried>{_N})个.+?，(?:其中)?{_ZH_WITHOUT}{_ZH_SCORE}(?:下降|降低|减少)得?最多，降幅[为是达](?P<amount>{_X})。"),
    ("falls", rf"{_ZH_WITHOUT}{_ZH_SCORE}(?:下降|降低|减少|低)(?P<amount>{_X})(?:，排第(?P<rank>{_N})位)?。"),
    ("rises", rf"{_ZH_WITHOUT}{_ZH_SCORE}(?:上升|提高|增加|高)(?P<amount>{_X})(?:，排第(?P<rank>{_N})位)?。"),
    ("rises", rf"(?P<item>“.+”)对它不利，使(?:它的)?得分(?:减少|降低)了?(?P<amount>{_X})。"),
    ("stays", rf"没有(?P<item>“.+”)时，得分不变(?:，排第(?P<rank>{_N})位)?。"),
    ("estimated_falls", rf"据估计，没有(?P<item>“.+”)时，得分低(?P<amount>{_X})。"),
    ("estimated_rises", rf"据估计，没有(?P<item>“.+”)时，得分高(?P<amount>{_X})。"),
    ("estimated_stays", r"据估计，没有(?P<item>“.+”)时，得分不变。"),
    ("score_falls", rf"{_ZH_OUT}{_ZH_SCORE}从(?P<before>{_X})下?降[到至](?P<after>{_X})。"),
    ("score_rises", rf"{_ZH_OUT}{_ZH_SCORE}从(?P<before>{_X})上?升[到至](?P<after>{_X})。"),
    ("score_stays", rf"{_ZH_OUT}(?:它的)?得分仍然?[为是](?P<after>{_X})。"),
    ("place_falls", rf"(?:它的)?名次会?从第(?P<before>{_N})[位名]下?降[到至]第(?P<after>{_N})[位名]。"),
    ("place_rises", rf"(?:它的)?名次会?从第(?P<before>{_N})[位名]上?升[到至]第(?P<after>{_N})[位名]。"),
    ("place_stays", rf"(?:它的)?名次仍然?[为是]第(?P<after>{_N})[位名]。"),
    ("channel_adds", rf"(?P<channel>.+)使得分增加(?P<amount>{_X})，占全部增减的(?P<share>{_P})。"),
    ("channel_takes", rf"(?P<channel>.+)使得分减少(?P<amount>{_X})，占全部增减的(?P<share>{_P})。"),
    ("silent", r"没有影响的：(?P<channels>.+)。"),
    ("together", rf"有(?P<count>{_N})人既接触过它，也接触过(?P<item>“.+”)。"),
    ("followed", rf"有(?P<count>{_N})人在接触(?P<item>“.+”)之后不久接触了它。"),
    ("unnamed", rf"历史中另有(?P<count>{_N})个没有列出。"),
    ("graph_sum", rf"图中的得分是(?P<total>{_X})：其中(?P<history>{_X})来自历史，(?P<own>{_X})不属于任何一个。"),
    ("graph_adds", rf"(?P<item>“.+”)为其增加(?P<amount>{_X})，是精确值。"),
    ("graph_takes", rf"(?P<item>“.+”)使其减少(?P<amount>{_X})，是精确值。"),
    ("paths", rf"从(?P<item>“.+”)经其他人到它的路径有(?P<count>{_N})条，占图中支持它的部分的(?P<share>{_P})。"),
    ("order_place", rf"只看历史的先后顺序，它排第(?P<rank>{_N})位。"),
    ("span_falls", rf"没有(?P<items>“.+”)时，顺序得分下降(?P<amount>{_X})，排第(?P<rank>{_N})位。"),
    ("span_rises", rf"没有(?P<items>“.+”)时，顺序得分上升(?P<amount>{_X})，排第(?P<rank>{_N})位。"),
    ("span_stays", rf"没有(?P<items>“.+”)时，顺序得分不变，排第(?P<rank>{_N})位。"),
    ("gradient", rf"积分梯度把顺序得分中的(?P<part>{_X})归于(?P<item>“.+”)。"),
    ("gap", rf"积分梯度遗漏了其中的(?P<share>{_P})。"),
    ("match", rf"按内容，它与(?P<item>“.+”)相近：(?P<alike>{_X})（满分1）。"),
    ("match_share", rf"其中(?P<share>{_P})来自(?P<modality>.+)。"),
    ("match_values", r"两者共有：(?P<values>.+)。"),
    ("models", r"模型：(?P<snapshot>.+)。"),
    ("diverse_falls", rf"为了多样性?，(?:它在列表中|列表把它){_ZH_FROM}(?:后移|下移|移)[到至]{_ZH_TO}。"),
    ("diverse_rises", rf"为了多样性?，(?:它在列表中|列表把它){_ZH_FROM}(?:前移|上移|提前?)[到至]{_ZH_TO}。"),
    ("diverse_out", rf"为了多样性?，它{_ZH_FROM}退出了?(?P<k>{_N})个的列表。"),
    ("diverse_out", rf"为了多样性?，(?P<k>{_N})个的列表去掉了按得分排第(?P<before>{_N})位的它。"),
    ("on_trial", rf"它就?在列表的{_ZH_TO}，这是留给新内容试用的位置。"),
    ("on_trial", rf"列表的{_ZH_TO}是留给新内容试用的，它就在那里。"),
    ("trials_fall", rf"[因由][为于]有位置留给新内容，它在列表中{_ZH_FROM}(?:后移|下移|移)[到至]{_ZH_TO}。"),
    ("trials_fall", rf"留给新内容的位置使它{_ZH_FROM}(?:后移|下移)[到至]{_ZH_TO}。"),
    ("trials_out", rf"(?:[因由][为于]有位置留给新内容，|留给新内容的位置使)它{_ZH_FROM}退出了?(?P<k>{_N})个的列表。"),
    ("alike", rf"(?:排在它前面的|列表)当中，(?P<item>“.+”)与它最像：(?P<alike>{_X})（满分1）。"),
    ("put_before", r"为了多样，得分较低的(?P<items>“.+”)排到了它前面。"),
    ("put_behind", r"为了多样，得分较高的(?P<items>“.+”)排到了它后面或退出了列表。"),
    ("depth_items", rf"其中(?P<part>{_X})来自历史中的内容本身。"),
    ("depth_people", rf"其中(?P<part>{_X})来自接触过它们的其他人。"),
    ("depth_people", rf"其中(?P<part>{_X})经由其他人，来自(?P<steps>{_N})步之外。"),
    ("depth_echo", rf"其中(?P<part>{_X})经由你自己返回，因为你也接触过它们。"),
    ("depth_new", rf"其中(?P<part>{_X})来自训练时还不知道的历史内容。"),
    ("depth_paths", rf"经其他人的路径有(?P<count>{_N})条，其中最强的(?P<named>{_N})条占支持它的部分的(?P<share>{_P})。"),
    ("depth_against", rf"其中(?P<count>{_N})条路径对它不利。"),
    ("note", r"(?P<note>.+)"),
)  # fmt: skip

PARSERS: Mapping[str, Parsers] = {"en": _ENGLISH, "zh": _CHINESE}
"""Claims in the order in which a sentence is tried on them; named groups are what it says of them."""

CHANNELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "People like you (LightGCN)": "lightgcn", "Tastes like yours (spectral filter)": "spectral",
        "What comes next (SASRec)": "sasrec", "Content": "content", "What is met together": "item_to_item",
        "What is met close in time": "transition", "Popularity": "popularity", "Close to what you asked": "seed",
        "Conversations such as this": "dialogue", "Tastes that you named": "taste", "Away from dislikes": "disliked", "New items": "new", "text": "text",
        "Looks like your picture": "picture",
    },
    "zh": {
        "与你相似的人（LightGCN）": "lightgcn", "与你相似的口味（谱滤波）": "spectral", "接下来的内容（SASRec）": "sasrec",
        "内容": "content", "常一起被接触的内容": "item_to_item", "时间上相邻的内容": "transition", "受欢迎程度": "popularity",
        "接近你的要求": "seed", "类似的对话": "dialogue", "你说过的口味": "taste", "远离你不喜欢的": "disliked", "新内容": "new", "文字": "text",
        "与你发的图片相像": "picture",
    },
}  # fmt: skip

MODALITIES: Mapping[str, Mapping[str, str]] = {
    "en": {"text": "text", "picture": "image", "attributes": "attribute", "behaviour": "behaviour"},
    "zh": {"文字": "text", "图片": "image", "属性": "attribute", "行为": "behaviour"},
}

_HAD = "It is in the history by now, so it would not be recommended again; this is its place before that."
_TRIAL = "#% of the places are kept for trying new items out, so it can stand higher in a list than its rank."
_KEPT_OUT = "The constraints of the request, or the catalogue, keep this item out."
_UNMET = "No one had met this item when the models were trained: its place comes from its content."
_NO_HISTORY = "There is no history yet: the place comes from what everyone likes and what was asked for."
_REJECTED = "It was rejected, so it is not recommended."
_ASIDE = "It was met and set aside, so it is not recommended."
_FEW = "It had few readers when the models were trained: its content has a part in its place."

NOTES: Mapping[str, Mapping[str, str]] = {
    "en": {note: note for note in (_HAD, _TRIAL, _KEPT_OUT, _UNMET, _NO_HISTORY, _REJECTED, _ASIDE, _FEW)},
    "zh": {
        "它现在已在历史中，因此不会再次推荐；这里是在此之前的位置。": _HAD,
        "有#%的位置留给新内容试用，因此它在列表中的位置可能高于名次。": _TRIAL,
        "请求的条件或目录把它排除在外。": _KEPT_OUT,
        "训练模型时还没有人接触过它：它的位置来自内容。": _UNMET,
        "它曾被拒绝，因此不会推荐。": _REJECTED,
        "它接触过并被搁置，因此不会推荐。": _ASIDE,
        "训练模型时它的读者很少：它的位置有一部分来自内容。": _FEW,
        "还没有历史：位置来自大家的喜好和你的要求。": _NO_HISTORY,
    },
}
"""Notes of an explanation as they are said -> as the pipeline writes them, numbers as #."""
