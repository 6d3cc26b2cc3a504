"""Write the SHA-256 of each zoo model's files into its card: zoo_digests.py [NAME ...]

For a card that was made or changed by hand, once its files have been looked at; `zoo add` and
`zoo train` write them by themselves.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def update(folder: Path) -> bool:
    """Whether the card changed; all else in it stays as it is."""
    from dlexplain.execution import paths
    from dlexplain.integrity import digests
    from dlexplain.trained.folder import DIGESTS

    file = paths.card_in(folder)
    before = file.read_text("utf-8")
    card = json.loads(before)
    known = digests(folder, (paths.weights_in(folder).name, *card["files"]))
    entries = [entry for entry in card.items() if entry[0] != DIGESTS]
    place = [key for key, _ in entries].index("stored") + 1
    after = json.dumps(dict([*entries[:place], (DIGESTS, known), *entries[place:]]), indent=1)
    file.write_text(after, "utf-8")
    return after != before


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from dlexplain.trained.zoo import zoo_models

    models = {model.name: model for model in zoo_models()}
    for name in sys.argv[1:] or models:
        print(f"{name}: {'written' if update(models[name].folder) else 'as it was'}")
