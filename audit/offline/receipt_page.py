"""A page on which anybody can check a receipt in a browser, with nothing sent anywhere.

The page is one file: its content security policy allows its own script and stylesheet by their
hashes and no request at all. Its script uses the browser's own SHA-256 and Ed25519; where the
browser lacks the latter the page says that nothing was checked.

A page that comes with a key filled in proves as much as the way the key came: it shows the key's
fingerprint and says to compare it.
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import Literal

__all__ = ["empty_page", "receipt_page"]

_PAGE = Path(__file__).with_suffix(".html")


@cache
def empty_page() -> str:
    """Return the page without a receipt and without a key."""
    return _PAGE.read_text(encoding="utf-8")


def receipt_page(receipt: str, vkey: str, *, language: Literal["en", "de"] = "en") -> str:
    """Return the page with a receipt and a verification key filled in.

    Parameters
    ----------
    receipt : str
        A tlog-proof that carries its header, as ``Log.proof`` gives it.
    vkey : str
        The log's verification key.
    language : {"en", "de"}
        In which the page opens; it can be changed there.

    Returns
    -------
    str
        HTML that checks itself when it is opened.

    Examples
    --------
    >>> page = receipt_page("c2sp.org/tlog-proof@v1", "example.org/log+...", language="de")
    >>> '<html lang="de">' in page, "tlog-proof@v1</textarea>" in page
    (True, True)
    """
    page = empty_page().replace('<html lang="en">', f'<html lang="{language}">', 1)
    for name, text in (("receipt", receipt), ("key", vkey)):
        start = page.index("></textarea>", page.index(f'<textarea id="{name}"')) + 1
        page = page[:start] + escape(text, quote=False) + page[start:]
    return page
