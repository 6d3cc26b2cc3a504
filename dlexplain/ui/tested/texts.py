"""What the tests of text classifiers, language models and translators found."""

import streamlit as st

from dlexplain.language import in_words, tr
from dlexplain.results import LanguageTest, TextTest, TranslationTest
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary
from dlexplain.ui.tested.base import show


@show.register
def show_texts(found: TextTest) -> None:
    from dlexplain.figures.tested import plot_text_confusion

    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader(tr("Confusion"))
        how = st.segmented_control(
            tr("Show"),
            ["part of class", "count"],
            default="part of class",
            required=True,
            key="text-confusion-how",
            label_visibility="collapsed",
            format_func=tr,
        )
        chart(plot_text_confusion(found, how != "count"), "text-confusion")
    with right:
        st.subheader(tr("Worst mistakes"))
        if not found.texts:
            st.success(tr("No mistake in the test."))
            return
        st.caption(tr("The surest of the wrong ones."))
        st.dataframe(
            in_words(_table(found)),
            hide_index=True,
            column_config=in_words({"sure": st.column_config.NumberColumn(format="percent")}),
        )


def _table(found: TextTest) -> list[dict[str, object]]:
    classes = found.classes
    rows = zip(found.texts, found.labels, found.predicted, found.probabilities, strict=True)
    return [
        {
            "text": text,
            "actual": classes[label],
            "predicted": classes[predicted],
            "sure": float(sure),
        }
        for text, label, predicted, sure in rows
    ]


@show.register
def show_language(found: LanguageTest) -> None:
    from dlexplain.figures.tested import plot_frequencies, plot_surprise

    st.subheader(tr("What it writes"))
    st.caption(tr(f"Drawn token by token at temperature {found.temperature:g}."))
    for text in found.samples:
        st.code(text, language=None, wrap_lines=True)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader(tr("Rare and frequent tokens"))
        chart(plot_frequencies(found), "frequencies")
    with right:
        st.subheader(tr("Surprise along the test text"), help=glossary("surprise", "perplexity"))
        chart(plot_surprise(found), "surprise")
    st.caption(
        tr(
            "Surprise is -log2 of the probability that the model gave to the token that came; "
            "perplexity is 2 to the mean surprise."
        )
    )


@show.register
def show_translations(found: TranslationTest) -> None:
    from dlexplain.figures.translations import plot_alignment

    source, target = found.languages
    if found.alignments:
        st.subheader(tr("Alignment"))
        count = range(len(found.alignments))
        place = st.selectbox(
            tr("Sentence"),
            count,
            format_func=lambda p: tr(found.source[p]),
            key="alignment-sentence",
        )
        chart(plot_alignment(found.alignments[place or 0]), "alignment")
        st.caption(
            tr(
                "Each row is a token that was written, coloured by the part of its attention that "
                "went to each token of the source."
            )
        )
    st.subheader(tr("Translations"), help=glossary("BLEU", "chrF"))
    right = sum(a == b for a, b in zip(found.said, found.reference, strict=True))
    st.caption(
        tr(
            f"{len(found.said):,} sentences, evenly spread over the test part; {right:,} are the "
            "reference to the letter."
        )
    )
    st.dataframe(
        in_words(
            [
                {source: text, f"{target}, written": said, f"{target}, reference": reference}
                for text, said, reference in zip(
                    found.source, found.said, found.reference, strict=True
                )
            ]
        ),
        hide_index=True,
    )
