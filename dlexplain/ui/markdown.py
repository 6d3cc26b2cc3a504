"""Texts from outside inside Markdown: names of files, classes and runs, contents, error messages.

Streamlit reads as Markdown whatever it is given, labels included, and would have the visitor's
browser fetch an image that a name or an address asks for. Every text that is not written in this
repository goes through `literal`; a test reads the code for those that do not.
"""

import re

from dlexplain.errors import shortened
from dlexplain.results.words import made_visible

_SPECIAL = re.compile(
    r"[\\`*{}\[\]<>$~|&]"
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # inside of a word it is itself
    r"|^[-+#]"  # headings and lists, numbered ones too
    + "".join(rf"|(?<=^\d{{{digits}}})[.)]" for digits in range(1, 10))
    + r"|:(?=[a-z]{2})"  # colours, badges
)
"""What Markdown would take for more than a character: links and directives need their brackets."""
_LATE = re.compile(
    r"(?<=[A-Za-z0-9])(?=://)|(?<=[Ww]{3})(?=\.)|(?=@)"  # links, e-mail addresses
    r"|(?<=:)(?=material/|[a-z0-9_+-]+:)"  # icons, emoji
    r"|(?<=(?<!\S)[-<>~])(?=[-=>]{1,2}(?!\S))"  # arrows and dashes
)
"""Places in what Streamlit looks for once the Markdown is read, when backslashes are gone: there a
character without width keeps it from being found."""
_UNSEEN = "\N{WORD JOINER}"


def literal(text: object) -> str:
    """`text`, or an error's message, so that Markdown shows it as it is: on one line, control
    characters as pictures of themselves, and very long values cut."""
    line = " ".join(made_visible(shortened(str(text))).split())
    return _SPECIAL.sub(r"\\\g<0>", _LATE.sub(_UNSEEN, line))


def in_badge(text: object) -> str:
    """The same for st.badge, which puts backslashes before square brackets by itself."""
    return literal(text).replace("\\[", "[").replace("\\]", "]")
