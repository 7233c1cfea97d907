"""Pages of a workspace."""

from dataclasses import dataclass

TITLE = "Notion"


@dataclass(frozen=True)
class Page:
    """One page."""

    id: str
    """Its id."""
    title: str
    """Its title."""
    text: str
    """What it says."""


_PAGES = (
    Page("p-1", "How we work", "Small commits, each with its reason."),
    Page("p-2", "On call", "Look at the drift issue first."),
)


def search_pages(query: str) -> list[Page]:
    """Find pages by a part of their title or text."""
    return [page for page in _PAGES if query.lower() in f"{page.title} {page.text}".lower()]


def get_page(page_id: str) -> Page:
    """Get a page by its id."""
    for page in _PAGES:
        if page.id == page_id:
            return page
    message = f"there is no page {page_id}"
    raise ValueError(message)


def create_page(title: str, text: str) -> Page:
    """Create a page."""
    return Page(f"p-{len(_PAGES) + 1}", title, text)


READS = (search_pages, get_page)
WRITES = (create_page,)
