"""A plain HTML page in the report's style: no script, no network."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files

__all__ = ["picture", "plain_page"]


def plain_page(title: str, body: str) -> str:
    """A whole document around `body`, which is HTML already."""
    style = (files("xtal.report") / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(title)} · xtal</title><style>{style}</style></head>\n<body><main>"
        f"<header><h1>{escape(title)}</h1></header>\n{body}</main></body></html>\n"
    )


def picture(png: bytes, text: str) -> str:
    """An image inside the page, with the text that stands for it."""
    data = base64.b64encode(png).decode("ascii")
    return f'<figure><img src="data:image/png;base64,{data}" alt="{escape(text, quote=True)}" width="100%"></figure>'
