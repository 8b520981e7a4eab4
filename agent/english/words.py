"""English words by what they say, or do not say."""

from __future__ import annotations

_STOP = """
a about above actor actress actually after again all already also am amazing an and any anybody anymore anyone
anything anyway are around as ask asking at available away awesome basically be because been before being below best
better between bit bored both bring bunch but buy buying by came can cannot cant choice choices come cool could
couldnt currently day decent definitely did didnt directed director do does doesnt doing done dont down each either
else enjoy enjoyed enough entertain especially even evening ever every everyone everything exactly excellent except
extra fan far favorite favorites favourite favourites featuring feel feeling few find finding fine first for from
generally get gets getting give go goes going gonna good got great guess guys had happen has hasnt have havent
having he hear hello help her here hers hey hi him his hmm honestly hoping how however huge i id idea ideas if ill
im in include includes including instead interested interesting into involves involving is isnt it its itself ive
just kind kinda kinds know last lately least less let lets like liked likes list listen literally little ll look
looking lot lots love loved made mainly make makes many max maximum may maybe me mean might mine minimum mood more
most mostly much must my myself need needed needs neither never new next nice no nobody none nor not nothing now of
off offer offers often oh ok okay on once one ones only option options or original other others otherwise ought our
out over own particular per perfect perhaps pick picks play playing please pls possible possibly prefer preferably
pretty probably purchase quite rather re read reading really recently recommend recommendation recommendations
recommended recommending right s said same say search searching see seem seems seen set several shall she should
show shows similar since so some somebody someone something sometimes somewhat sort sorts sounds star starring stars
start still stuff such suggest suggested suggesting suggestion suggestions sure t take tell than thank thanks that
thats the their them then there theres these they theyre thing things think thinking this those though through till
to today together tonight too top totally truly try two type types u um under until up upon us use using usually ve
very wanna want wanted wants was watch watched watching way we weekend well were weve what whatever whats when where
which while who whole whos why will wish with within without wonder wondering wont would wouldnt written yeah year
years yep yes yet you youd your yours youve
"""

STOP = frozenset(_STOP.split())
"""Never carry content."""

_QUALITIES = """
action artsy atmospheric bleak bloody boring brutal calm cerebral charming cheerful cheesy clever cold comfortable
complex confusing cosy cozy crazy creepy cute dark deep depressing disturbing dramatic dull durable easy emotional
engaging epic exciting fast feelgood fluffy freaky funny gentle gloomy gory grim gritty gross happy hard
heartwarming heavy hilarious hopeful intellectual intense light lighthearted loud magical mature mellow moody
mysterious nostalgic odd optimistic original poetic positive predictable pretentious quick quiet quirky raunchy
realistic relaxing robust romantic sad sappy scary sentimental serious sexual sexy silly simple slow smart soft
spooky strange stressful stupid sturdy surreal suspenseful sweet tender tense thoughtful thrilling tough tragic
twisted unusual uplifting violent warm weird wholesome wild witty
"""

QUALITIES = frozenset(_QUALITIES.split())
"""Plain adjectives that may follow "too", "not", "less", "more"."""

_EVERYDAY = """
adventure alone animal baby back bad beautiful big black blood blue body book box boy boyfriend boys brand break
brother business car cat change character cheap child children christmas city class classic color comedian comedies
comedy company couple crime crush cut dad dance date dating daughter days dead different documentaries dog dogs door
drama dramas dream drill early end enemy english everybody evil eye family famous fantasy father fear fi fight film
fire flower food foreign forever fresh friday friend friendly friends fun future game games gift girl girlfriend
girls glue god gold green group guy half hammer hand head heart heat hero high history holiday home horror horrors
hot house human husband inside job july june kid kids kill king kiss lady large late laugh law legal life live
living long lost lover luck mad magic man march master match meet men midnight miss modern moment monday money
monster month moon morning mother mouse movie mr murder music musical musicals musician mystery nails name night
notice office old older open order outside paint paper party past people person pet place plan plot power press
price prime private public queen question quiz rain rainy ready real reason red release rent rich ring river road
robot romance romances room run safe saturday saw school sci science screen second secret self sense series sex
short shot singer single sister sky small smoke son song soon space special speed sport spy state stay stick stone
story street strong stuck style subject summer sun sunday super talk target team teen third thriller thrillers time
tool tools touch toy travel trip trouble true truth twist used useful video village wall war water wedding week west
western westerns white wide wife window winter woman women word work world worth wrong young
"""

EVERYDAY = frozenset(_EVERYDAY.split())
"""Carry content, but do not make a title recognisable by themselves."""

_NEUTRAL_NOUNS = """
album albums article articles book books choice choices entries entry film films flick flicks game games genre
genres idea ideas item items motion movie movies one ones option options pick picks picture pictures piece pieces
product products recommendation recommendations release releases result results series show shows song songs stuff
suggestion suggestions thing things title titles tool tools
"""

NEUTRAL_NOUNS = frozenset(_NEUTRAL_NOUNS.split())
"""Names of "an item" of any catalogue."""
