"""What the laptop cloud does not play it refuses, and the refusal names it."""


class NotPlayedHere(Exception):
    """The laptop cloud does not know this feature; on AWS it may be perfectly good.

    Raised instead of a guess: a silent skip would let a definition pass here and fail there.
    """
