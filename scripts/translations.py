"""Keep the catalogues of translations in step with the source.

python scripts/translations.py    adds what is new, with nothing for its translation, and drops what
                                  is gone; names what has none yet, and ends with 1 if there is any
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from dlexplain.language import LANGUAGES, SOURCE
from dlexplain.language.catalogue import file_of
from dlexplain.language.messages import messages


def main() -> int:
    missing = 0
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        file = file_of(language)
        with file.open("rb") as kept:
            known = {str(one.id): str(one.string) for one in read_po(kept) if one.id}
        made = Catalog(locale=language, project="dlexplain", fuzzy=False)
        for source, message in messages().items():
            made.add(source, known.get(source, ""))
            if not known.get(source):
                missing += 1
                print(f"{language}: {message.place}: {source!r}")
        with file.open("wb") as into:
            write_po(into, made, width=0, no_location=True, sort_output=True)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
