"""Every link of a document within the repository names a file, and where it has a fragment a heading of that file."""

import re
from functools import cache
from pathlib import Path

import pytest

from plugin.local.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!\w+:)([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def links_of(page: Path) -> list[str]:
    """Return the targets of a page's links to other places of the repository, code left aside."""
    return _LINK.findall(_FENCED.sub("", page.read_text()))


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """Return the fragments by which the headings of a page can be reached: in lower case, with hyphens for blanks."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text()), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_something(page: Path) -> None:
    """Each relative link of the page names an existing file or folder, and its fragment one of that page's headings."""
    lost = []
    for link in links_of(page):
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        is_there = target.exists() and (not fragment or target.suffix != ".md" or fragment in anchors_of(target))
        if not is_there:
            lost.append(link)
    assert not lost


def test_links_and_headings_are_found() -> None:
    """The pages have links, and a heading with signs and figures has the fragment that readers' programs give it."""
    assert sum(len(links_of(page)) for page in PAGES) > 100
    assert "which-names-do-not-reach-the-model" in anchors_of(ROOT / "docs" / "guarantees.md")
