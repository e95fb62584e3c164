"""Text as requests and databases take it."""


def whole(text: str) -> str:
    """The text without halves of surrogate pairs, which neither a request nor a database takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
