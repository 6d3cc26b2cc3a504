"""English words that carry grammar rather than meaning, which attacks leave alone.

Negations (not, no, never) are among them: to change one changes what the text says.
"""

STOP_WORDS = frozenset(
    """
    a about above after again against all am an and any are aren as at be because been before being
    below between both but by can cannot could couldn d did didn do does doesn doing don down during
    each either else ever every few for from further had hadn has hasn have haven having he her here
    hers herself him himself his how however i if in into is isn it its itself just ll m ma may me
    might mightn more most must mustn my myself needn neither never no nobody none nor not nothing
    now o of off on once one only or other others ought our ours ourselves out over own per re s
    same shall shan she should shouldn so some such t than that the their theirs them themselves
    then there these they this those though through to too under until unless up upon us ve very was
    wasn we were weren what when where whether which while who whom whose why will with within
    without won would wouldn y yet you your yours yourself yourselves
    can't cannot couldn't didn't doesn't don't hadn't hasn't haven't isn't it's mustn't n't
    shouldn't that's there's they're wasn't we're weren't won't wouldn't you're i'm i've he's she's
    let's
    """.split()  # noqa: SIM905
)
