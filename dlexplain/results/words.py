"""Words of notes, as they stand on pages."""


def sentence(text: str) -> str:
    """A note or an error, which begin small and end without a stop, as a sentence."""
    return f"{capital(text)}."


def capital(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]
