"""What page tests share."""

from streamlit.testing.v1 import AppTest


def said(page: AppTest) -> str:
    """Every text on the page but its title and its tables, as it is read: without escapes."""
    kinds = (
        page.subheader, page.markdown, page.caption, page.info, page.warning, page.error,
        page.success,
    )  # fmt: skip
    return " ".join(each.value for kind in kinds for each in kind).replace("\\", "")
