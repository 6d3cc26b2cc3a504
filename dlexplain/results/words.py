"""Words of notes, as they stand on pages."""


def sentence(text: str) -> str:
    """A note or an error, which begin small and end without a stop, as a sentence."""
    return f"{capital(text)}."


def capital(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def written(value: float, signed: bool = False, digits: int = 4) -> str:
    """ "13,321", "5.417", and signed "−1,533": whole from 1,000 on, never with an exponent."""
    size = abs(value)
    rounded = round(size) if size >= 1000 else float(f"{size:.{digits}g}")
    text = f"{rounded:,.10f}".rstrip("0").rstrip(".")
    if text == "0":
        return text
    return ("−" if value < 0 else "+" if signed else "") + text
