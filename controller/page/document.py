"""One HTML file that holds everything it shows: no script, no link."""

from __future__ import annotations

from html import escape
from importlib.resources import files


def document(title: str, body: str, own_style: str = "") -> str:
    """The page as HTML text; write it as UTF-8. `own_style` follows the shared rules."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8") + own_style
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n"
        f"<body>{body}</body></html>\n"
    )
