"""English cues: what the words around a mention say about it (labels: ``agent.language``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent import language as cue

_PHRASES: Mapping[str, str] = {
    cue.NEGATE: """
no|not|without|except|except for|excluding|exclude|minus|avoid|avoiding|nor|neither|never|none of|anything but|
everything but|all but|other than|apart from|aside from|besides|rather than|instead of|dont want|do not want|
dont really want|dont want to see|dont want to watch|dont show|dont show me|do not show|do not show me|
dont recommend|dont give me|dont need|dont feel like|not in the mood for|not into|im not into|not interested in|
no more|not any|not another|leave out|skip|skip the|steer clear of|stay away from|sick of|tired of|fed up with|
enough of|enough|had enough of|nothing with|nothing|nothing too|non|isnt|arent|wasnt|anti|not too|not so|not very|
not overly|not that|not as|not really|not necessarily|wouldnt want|would rather not|rather not|doesnt have|
doesnt involve|dont have|doesnt contain|has no|have no|with no|lacking|free of|keep out|remove|hold the|exclude the|
none with|none by|none from|none starring|anything except|nothing like|not like|unlike|dont care for|do not care for
""",
    cue.DISLIKE: """
dont like|dont love|do not like|didnt like|did not like|dont enjoy|do not enjoy|didnt enjoy|dont really like|hate|
hated|hates|dislike|disliked|dislikes|cant stand|cannot stand|couldnt stand|not a fan of|not a big fan of|
not a huge fan of|no fan of|didnt care for|was disappointed by|was bored by|wasnt a fan of|detest|despise|
didnt love|never liked|not fond of|couldnt get into|doesnt like|does not like|really dont like|really hate|
really hated|really didnt like|dont much like|not crazy about|am allergic to|thumbs down for|
not keen on|im not keen on|cant do
""",
    cue.LIKE: """
loved|love|loves|liked|likes|enjoy|enjoyed|enjoys|adore|adored|i like|i really like|we like|they like|she likes|
he likes|really like|also like|do like|still like|i also like|kids like|usually like|always like|mostly like|fan of|
big fan of|huge fan of|favorite is|favourite is|favorites are|favourites are|favorite movie is|favorite film is|
favorite movies are|favourite film is|favorite films are|favourite movie is|into|really into|obsessed with|
crazy about|fond of|thumbs up for|impressed by|blown away by|favorite|favourite|my favorite|my favourite|
favorites include|favorites|appreciate|appreciated|one of my favorites is|was impressed by|all time favorite is|
favorite movies include|dig|prefer|would prefer|id prefer|preferably|ideally|keen on
""",
    cue.AS: """
like|similar to|something like|anything like|stuff like|movies like|films like|films similar to|such as|
in the style of|in the vein of|along the lines of|reminds me of|reminiscent of|same as|as good as|more like|
kind of like|a lot like|just like|close to|comparable to|resembling|resembles|in the spirit of|akin to|related to|
based on liking|if i liked|if i loved|if you liked|because i liked|alternatives to|alternative to|a replacement for|
on par with|matching|goes with|same vibe as|vibe of|feel of|similar in style to|of the likes of|as funny as|
as scary as|as dark as|as exciting as|resemble|in the same vein as|in the manner of|in the mould of|
of the same sort as|equivalent to|compatible with
""",
    cue.SEEN: """
seen|watched|ive seen|i have seen|already seen|already watched|already saw|i saw|just saw|have read|already read|
already own|already have|already bought|i own|just watched|just finished|finished|rewatched|have already seen|
have already watched|we saw|we watched|know already|already know|after watching
""",
    cue.PERSON: """
starring|featuring|stars|with|by|directed by|written by|produced by|made by|from director|by director|director|
actor|actress|movies of|films of|filmmaker|author|by the|with the|acted by|played by|from the|from|works of|work of|
has|that has|cast|cast includes|starred|composed by|set in|made in|shot in|takes place in|also starring|also with|
of director|movies from|films from|anything by|anything with|something by|something with|work by
""",
    cue.WANT: """
want|wanted|wants|need|needs|looking for|look for|look at|searching for|in search of|recommend|recommend me|
recommendation|recommendations|recommendations for|suggest|suggest me|suggestion|suggestions|suggestions for|
show me|show|give me|give us|find|find me|get me|can i get|i would like|id like|would like|feel like|feeling like|
in the mood for|mood for|craving|let me see|let us see|lets see|lets watch|lets try|lets do|what should i watch|
what to watch|what should we watch|should i watch|should i see|something to watch|anything good|got any|do you have|
have you got|any good|please|how about|what about|i feel like|interested in|id rather|i would rather|would rather|
hoping for|hoping to find|wanna|wanna see|wanna watch|want to watch|want to see|want to buy|would love|id love|
we would like|wed like|up for|could use|dying to see|do you know|know any|are there any|is there any|is there a|
what are some|what would you|what do you have|what do you suggest|what can you|help me find|help me choose|
help me pick|surprise me|pick|i am after|im after|list|name|search|search for|fetch|offer|gift for|present for|
what is good|whats good|whats a good|what is a good|shopping for|any ideas|any recommendations|any suggestions|
popular|trending|best|bring up|bring me|serve me
""",
    cue.ONLY: """
only|just|nothing but|solely|exclusively|strictly|must be|has to be|have to be|should be|it should be|that are|
which are|who are|but make it|make it|make them|limit to|limited to|restrict to|narrow it down to|narrow down to|
keep it
""",
    cue.CONTRAST: """
but|however|although|though|yet|otherwise|whereas|while
""",
    cue.INSTEAD: """
instead|actually|on second thought|i meant|i mean|no i meant|make that|switch to|change to|change it to|
lets switch to|lets go with|scratch that|correction|sorry i meant|rather|wait|lets do instead|swap to|replace with|
replace it with|never mind
""",
    cue.ALSO: """
also|too|as well|and also|additionally|plus|in addition|add|along with
""",
    cue.MORE: """
more|some more|others|other ones|any others|another|another one|another few|anything else|something else|what else|
show more|more please|next|next ones|the next|different ones|different one|others please|keep going|more of these|
more of those|more options|more ideas|more suggestions|more recommendations|any more|else|something different|
anything different|new ones|a few more|refresh|try again|again
""",
    cue.EXPLAIN: """
why|how come|explain|explain why|what makes you think|reason for|reasons for|the reason|based on what|
because of what|what made you|whats the reason|what is the reason|justify|how did you|how do you know|
what is it based on|on what basis|why exactly
""",
    cue.COMPARE: """
compare|compared|comparison|comparison of|comparison between|difference|differences|difference between|
differences between|versus|vs|differ|differs|contrast|which is better|which one is better|which is best|
which one should i|which of these|which of those|which one is|which of the|side by side|better than|which would you|
which one would you|what distinguishes|have in common|how do they differ|or rather
""",
    cue.DETAILS: """
tell me about|tell me more about|tell me more|more about|more info|more information|more info on|more information on|
more information about|more info about|facts on|facts about|info on|information on|information about|details|
details of|details on|details about|detail|more details|describe|description|description of|what is|whats|what was|
what are|who is in|who was in|who directed|who stars|who starred|who plays|who made|who wrote|who makes|how long|
how long is|how much is|how much does|how much are|when was|when did|what year|what genre|what kind of movie is|
synopsis|synopsis of|plot of|the plot|summary of|summarize|price of|rating of|cast of|who is the director|
have you seen|have you heard of|did you see|do you know|what happens in|more on|is it|was it|does it|is that|is this|
are they|was that|is there anything|story of|specs|specs of|specifications of|what does it|what does|whos in|
how heavy is|how big is|how old is|can you describe|give me details|show me details|learn more about|know more about|
hear more about|look up|what is it about|whats it about
""",
    cue.UNDO: """
undo|undo that|go back|take that back|take it back|never mind|nevermind|never mind that|nevermind that|scratch that|
forget that|forget it|forget what i said|forget i said that|revert|revert that|cancel|cancel that|step back|back up|
previous results|back to the previous|i take that back|i take it back|go back to the previous|go back one step|
go one step back|ignore that|disregard that|ignore my last message|that was a mistake|i didnt mean that|
go back to what we had|please undo|rewind|oops undo|undo the last
""",
    cue.RESET: """
start over|start again|start from scratch|start fresh|start anew|reset|reset everything|reset all|new search|
from scratch|clear all|clear everything|clear|forget everything|forget all|begin again|begin anew|lets start over|
remove all filters|clear filters|clear the filters|drop everything|drop all filters|wipe everything|restart|
new conversation|forget all of that|forget all that|remove everything|clean slate
""",
    cue.FORGET: """
forget|forget about|forget about the|forget the|drop|drop the|remove the|remove|ignore the|ignore|never mind the|
nevermind the|any|dont care about the|dont care about|lift the|relax the|lose the|clear the|clear|delete the|delete|
doesnt have to be|does not have to be|doesnt need to be|no longer|unset|get rid of|reset the|reset|discard the|
discard
""",
    cue.PRAISE: """
is my favorite|is my favourite|is one of my favorites|is a favorite|looks great|looks good|sounds good|sounds great|
rocks|rocked|was cool|is a classic|is a masterpiece|was a masterpiece|is the best|was the best|is for me|s great|
ed well|blew me away|is one of my favorite movies|is one of my favourites|are my favorite|are my favorites
""",
    cue.BLAME: """
is not for me|isnt for me|not for me|is not my thing|isnt my thing|not my thing|are not my thing|arent my thing|
not my cup of tea|isnt my cup of tea|is not my cup of tea|was too long|sucks|sucked|was a disappointment|
did nothing for me|bored me|bores me|bore me|bored us|annoys me|annoy me|annoyed me|gets on my nerves|get on my nerves|
never again|sends me to sleep|put us to sleep|puts me to sleep|died on me|die on me|leaves me cold|leave me cold|
let me down|is not really my thing|not really my thing|not my taste|not my style|is out|are out|was not good|
wasnt good|was not great|wasnt great|isnt good|wasnt my thing|was not my thing|wasnt for me|was not for me|no good|
doesnt interest me|dont interest me|is not interesting|put me to sleep|was the worst|is the worst|broke|broke quickly|
is a no|are a no|died|died last winter|tasted awful|tastes awful|was a waste of time|wasnt worth it|
was a letdown|fell flat
""",
    cue.FILLER: """
no problem|no preference|no preferences|no idea|not sure|im not sure|no worries|dont mind|i dont mind|dont care|
i dont care|doesnt matter|does not matter|no matter|cant wait|cant go wrong|why not|not bad|not much|not a lot|
no thanks|no thank you|thank you|thanks|would you like|if you like|as you like|looks like|sounds like|seems like|
feels like|it was like|no rush|not only|kind of|sort of|dont know|i dont know|do not know|dont have a|havent seen|
have not seen|never seen|havent heard|not yet|i am well|of course|such a|lot of|a lot of|a bit|a bit of|a little|
if possible|in general|right now|at the moment|any kind of|what kind of|what type of|some kind of|type of|kind|
tonight|this evening|for tonight|this weekend|for a change|at all|that i might like|i might like|i would like it|
i will like|i will like it|you think i would like|movie night|film night|do you think|i think|you like|do you like|
anything you like|how are you|cant think of|cannot think of|this time|next time|last time|first time|all the time|
have time|at a time|no limit|dont forget|not seen|not watched|havent watched|not yet seen|i can watch|i could watch|
to watch
""",
}

_VERDICTS: Mapping[str, str] = {
    cue.PRAISE: """
great good brilliant wonderful lovely fantastic excellent amazing superb perfect fun funny gorgeous stunning awesome
terrific marvellous delightful incredible beautiful outstanding spectacular epic
""",
    cue.BLAME: """
boring dreadful awful terrible horrible bad dull lame overrated disappointing annoying rubbish crap poor stupid ugly
useless pointless ghastly unbearable unwatchable dumb mediocre weak forgettable atrocious pretentious trash garbage
tedious
""",
}
_DEGREES = ("", "so ", "really ", "very ", "too ", "just ", "quite ", "pretty ", "absolutely ", "such a ")


def _verdicts(label: str) -> Iterator[str]:
    for verb in ("is", "are", "was", "were"):
        for degree in _DEGREES:
            yield from (f"{verb} {degree}{adjective}" for adjective in _VERDICTS.get(label, "").split())


CUES: Mapping[str, tuple[str, ...]] = {
    label: tuple(
        dict.fromkeys(
            (*(phrase for line in text.split("\n") for phrase in line.split("|") if phrase), *_verdicts(label))
        )
    )
    for label, text in _PHRASES.items()
}
"""Label -> phrases."""
