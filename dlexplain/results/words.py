"""Words and numbers as they stand on pages, in a terminal and in the README."""

TURNING = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the direction of what follows, beyond their own token."""
NAMES = {
    "ar": "AR", "bleu": "BLEU", "elbo": "ELBO", "f1": "F1", "frechet": "Fréchet", "kl": "KL",
    "mase": "MASE", "rmse": "RMSE",
}  # fmt: skip
"""Words of metrics' keys that are not written as they stand there."""


def sentence(text: str) -> str:
    """A note or an error, which begin small and end without a stop, as a sentence."""
    return f"{capital(text)}."


MUCH = 0.1
"""Of a completeness error: from here on it is said in a sentence."""


def missed(error: float | None, because: str = "") -> str:
    """A sentence where values miss by much what they promise to sum to; else ""."""
    if error is None or error <= MUCH:
        return ""
    return f"The values miss the difference of the scores by {error:.0%}{because}."


SLOWER = 1.25
"""Times as long as float32: from here on a precision is said to be slower."""


def slower_note(precision: str, ratio: float) -> str:
    """A note where a precision takes longer than float32, `ratio` times as long; else ""."""
    if precision == "float32" or ratio < SLOWER:
        return ""
    times = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"
    return (
        f"on this machine {precision} takes {times} times as long as float32, as a short trial "
        "showed; float32 is faster"
    )


def slower(precision: str, ratio: float) -> str:
    """The note as a sentence."""
    note = slower_note(precision, ratio)
    return sentence(note) if note else ""


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


def duration(seconds: float) -> str:
    """8 s; 3 min 20 s; 36 min; 2 h 5 min"""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        parts = (whole // 60, "min", whole % 60, "s")
    else:
        parts = (whole // 3600, "h", whole % 3600 // 60, "min")
    return "{} {} {} {}".format(*parts) if parts[2] else "{} {}".format(*parts)


def size(bytes_: float) -> str:
    """640 KB; 6.6 MB; 12 MB; 1.4 GB"""
    if bytes_ < 1e6:
        return f"{bytes_ / 1e3:.0f} KB"
    number, unit = (bytes_ / 1e6, "MB") if bytes_ < 1e9 else (bytes_ / 1e9, "GB")
    return f"{number:.2g} {unit}" if number < 10 else f"{number:.0f} {unit}"


def metric_name(key: str) -> str:
    """What a metric is called: test/frechet_distance is test Fréchet distance, bleu BLEU."""
    words = key.replace("/", " ").replace("_", " ").split()
    return " ".join(NAMES.get(word, word) for word in words)


def metric(key: str, value: float) -> str:
    """Parts of one as percent, large numbers whole, others with three digits."""
    if key.rpartition("/")[2].startswith(("accuracy", "coverage")):
        return f"{value:.1%}"
    text = f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"
    return text.replace("-", "−")


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
