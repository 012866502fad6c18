"""Name, source, quality and notes of a CIF data block.

Files of this toolkit carry them as comments above the block (``# source: …``, ``# quality: …``, ``# note: …`` or
``# uncertain: …``); other files' sources are put together from the publication items.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast, get_args

import gemmi

from ..structure import Quality
from ._cif_values import columns, text_value

_COMMENT = re.compile(r"#\s*(name|source|quality|note|uncertain):\s?(.*)", re.IGNORECASE)
_REFERENCE = re.compile(r"#\s*xtal reference structure:.*\((\w+)\)", re.IGNORECASE)
_CONTINUED = re.compile(r"#\s{3,}(.*)")


@dataclass(frozen=True)
class Header:
    """What a data block says about where its numbers come from."""

    name: str
    source: str
    quality: Quality
    notes: tuple[str, ...]


def header_of_block(block: gemmi.cif.Block, text: str) -> Header:
    """Header of `block`, from the comments above it in `text` and from its publication items."""
    entries = _comments_above(block.name, text)
    names, sources = entries["name"], entries["source"]
    quality = next((word.strip().lower() for word in entries["quality"]), "unknown")
    return Header(
        name=names[0] if names else block.name,
        source="\n".join(sources) if sources else _publication(block),
        quality=cast(Quality, quality) if quality in get_args(Quality) else "unknown",
        notes=tuple(entries["note"]),
    )


def _comments_above(name: str, text: str) -> dict[str, list[str]]:
    """Entries of the comment lines between the previous block's last line and ``data_<name>``."""
    entries: dict[str, list[str]] = {"name": [], "source": [], "quality": [], "note": []}
    last: list[str] | None = None
    for line in text.splitlines():
        if line.strip().lower() == f"data_{name}".lower():
            break
        if not line.startswith("#"):
            if line.strip():
                entries = {key: [] for key in entries}
            last = None
            continue
        match, continued, reference = _COMMENT.match(line), _CONTINUED.match(line), _REFERENCE.match(line)
        if reference:
            entries["quality"].append(reference[1])
        elif match:
            last = entries["note" if match[1].lower() == "uncertain" else match[1].lower()]
            last.append(match[2].rstrip().replace("\\n", "\n"))
        elif continued and last:
            last[-1] += " " + continued[1].rstrip()
        else:
            last = None
    return entries


def _publication(block: gemmi.cif.Block) -> str:
    references = text_value(block, "_publ_section_references")
    if references:
        return " ".join(references.split())
    authors = columns(block, "_publ_author_name", "_citation_author_name")
    names = next((authors[tag] for tag in ("_publ_author_name", "_citation_author_name") if tag in authors), [])
    parts = [
        ", ".join(names[:3]) + (" et al." if len(names) > 3 else ""),
        " ".join(text_value(block, "_publ_section_title", "_citation_title").split()),
        text_value(block, "_journal_name_full", "_citation_journal_full", "_citation_journal_abbrev"),
        text_value(block, "_journal_year", "_citation_year"),
        _prefixed("DOI ", text_value(block, "_journal_paper_doi", "_citation_doi")),
        _prefixed("COD ", text_value(block, "_cod_database_code")),
        _prefixed("ICSD ", text_value(block, "_database_code_icsd")),
    ]
    return ", ".join(filter(None, parts))


def _prefixed(prefix: str, value: str) -> str:
    return prefix + value if value else ""
