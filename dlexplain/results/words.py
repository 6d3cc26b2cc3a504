"""Words as they stand on pages and in a terminal."""

TURNING = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the direction of what follows, beyond their own token."""


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


def made_visible(text: str) -> str:
    """Control characters as pictures of themselves or by their number, but for breaks and tabs."""
    shown = []
    for character in text:
        code = ord(character)
        if code < 0x20 and character not in "\t\n":
            shown.append(chr(0x2400 + code))
        elif character in TURNING:
            shown.append(f"[U+{code:04X}]")
        elif 0x7F <= code < 0xA0:
            shown.append("\N{REPLACEMENT CHARACTER}")
        else:
            shown.append(character)
    return "".join(shown)
