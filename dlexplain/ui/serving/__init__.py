"""The server behind the pages: whom it answers, and how it is."""
