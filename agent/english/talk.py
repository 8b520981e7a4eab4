"""English utterances that ask for no item: courtesy, and what no catalogue answers."""

from __future__ import annotations

_COURTESY = """
hi|hello|hey|hiya|howdy|yo|good morning|good afternoon|good evening|good night|good day|greetings|how are you|
how are you doing|how are you today|hows it going|how is it going|whats up|sup|nice to meet you|
nice to meet you too|thanks|thank you|thx|ty|cheers|thanks a lot|thank you so much|thank you very much|many thanks|
bye|goodbye|good bye|see you|see ya|see you later|later|take care|have a nice day|have a good day|have a great day|
have a good one|you too|same to you|who are you|what are you|what is your name|whats your name|what can you do|
are you a robot|are you a bot|are you human|lol|haha|hahaha|ha|wow|oh|ok|okay|k|kk|cool|great|nice|awesome|perfect|
good|fine|sure|yes|yeah|yep|yup|no|nope|nah|alright|all right|right|i see|got it|i got it|sounds good|sounds great|
that sounds good|that sounds great|that is all|thats all|that will be all|im good|im fine|i am fine|i am good|
im well|im great|im doing well|and you|and yourself|how about you|no thanks|no thank you|no problem|not really|
maybe|please|help|help me|hmm|well|very good|very much|so much|a lot|there|everyone|again|i do|i will|i did|i have|
i havent|you are welcome|youre welcome|welcome|my friend|friend|love it|im sorry|sorry|excuse me|interesting|
very interesting|good to know|i dont know|idk|not sure|im not sure|test|testing|for the recommendation|
for the recommendations|for the suggestion|for the suggestions|for your help|for the help|i appreciate it|
appreciate it|that helps|you are great|you are awesome|youre great|good job|well done|bot|today|i accept|
i accept that recommendation|what is up|pleased to meet you|good one|thats great|that is great|great job|
do you like movies|are you there|anybody there|tell me about yourself|how do you work
"""

SMALL_TALK = tuple(phrase for line in _COURTESY.split("\n") for phrase in line.split("|") if phrase)
"""Phrases of which an utterance may consist without wanting anything."""

CORRECTIONS = (
    *("no sorry i meant", "sorry i meant", "no i meant", "no i mean", "no wait", "wait no", "oh wait no", "no sorry"),
    *("sorry no", "scratch that", "i meant", "i mean", "make that", "no make it", "or rather", "correction"),
)
"""Phrases behind which stands what was meant in place of what was said."""

OUT_OF_SCOPE = (
    r"\bweather\b",
    r"\bcapital (city )?of\b",
    r"\bsystem prompt\b",
    r"\b(your|the|hidden|secret) (prompt|instructions|api key|password|source code)\b",
    r"\b(ignore|disregard|forget) (all |any )?(of )?(your |the |my )?(previous |prior |earlier |"
    r"above )?(instructions|rules|prompts)\b",
    r"\b(user|customer|reader|person) (id )?(number )?\d+\b",
    r"\b(other|another) (user|customer|person)s?\b",
    r"\bwhat (did|does|do|has|have) [a-z]+ (watch|watched|buy|bought|like|rated)\b(?!.*\b(similar|"
    r"like)\b.*\bmovies\b)",
    r"\b(write|compose|draft) (me )?(a |an |some |my )?[a-z ]*(poem|essay|email|letter|code|program|script|"
    r"function|song|story|haiku|cover letter|speech|sql)\b",
    r"\b(python|javascript|java|html|sql|c\+\+|rust) (code|script|function|program|query)\b",
    r"\b(tell|know) (me )?(a |any )?jokes?\b",
    r"\btranslate\b",
    r"\b(solve|calculate|compute)\b",
    r"\bwhat(s| is) \d+ ?([-+*/x]|times|plus|minus|divided by) ?\d+",
    r"\b\d+ ?[-+*/] ?\d+ ?=",
    r"\b(book|reserve) (me )?(a|an|two|three|some|my)? ?(flight|hotel|table|taxi|tickets?|room|seats?|cab)\b",
    r"\border (me )?(a|an|some|two) ?(pizza|food|taxi|cab|burger|coffee|lunch|dinner)\b",
    r"\b(pizza|restaurants?|recipes?|stock (price|market)|bitcoin|crypto|exchange rate|horoscope|"
    r"football score|lottery)\b",
    r"\bwho (is|was) (the )?(president|prime minister|king|queen|pope|chancellor)\b",
    r"\bwho won\b",
    r"\b(what|which) (time|day|date) is it\b|\bwhat(s| is) the (time|date)\b",
    r"\bset (a|an) (alarm|timer|reminder)\b|\bremind me\b",
    r"\bturn (on|off) the\b",
    r"\b(news|headlines) (today|of today)\b|\blatest news\b|\bthe news\b",
    r"\b(medical|legal|tax|financial|investment) advice\b",
    r"\bmy (homework|taxes|headache|doctor|lawyer|girlfriend|boyfriend|boss) (is|are|has|hurts|left|broke)\b",
    r"\bhow (do|can|should|would) (i|you|we) (cook|bake|lose weight|get rich|invest|hack|fix my|repair my|"
    r"cure|make a bomb)\b",
    r"\bmeaning of life\b",
    r"\b(how (tall|far|deep|old) (is|are|was)) (the|mount|mt|a|earth|barack|donald)\b",
    r"\b(drop|delete|insert|update) (table|from|into|database)\b|\bselect \* from\b",
    r"\b(play|turn up) (some |the )?music\b",
    r"\bwho invented\b|\bwhen (did|was) (the )?(world war|ww2|wwii|columbus)\b",
)
"""Regular expressions over folded words."""
