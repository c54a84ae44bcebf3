"""The kit's own words, in each language of the product.

Pages bring their own sentences; only what the shared macros and the page frame say
stands here. Both languages hold the same keys (a test compares them).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from answerable.model_cards.report.formatting import Language

__all__ = ["WORDS", "words_for"]

_EN: Final = {
    "skip": "Skip to the content",
    "contents": "On this page",
    "as_table": "Show the figures as a table",
    "scroll": "scrollable",
    "not_provided": "not provided",
    "owed_by": "owed by",
    "undefined": "undefined",
    "withheld": "withheld",
    "not_examined": "not examined",
    "copy_hint": "full value",
    "threshold": "threshold",
    "nothing": "Nothing to show yet.",
    "value": "Value",
    "interval": "Interval",
    "group": "Group",
    "rows": "Rows",
    "state": "State",
    "yes": "yes",
    "no": "no",
    "pass": "Meets the threshold",
    "fail": "Misses the threshold",
    "insufficient": "Not enough evidence",
    "undefined_state": "Undefined",
    "ok": "Verified",
    "broken": "Broken",
    "open": "Open",
    "done": "Done",
    "computed": "computed",
    "log": "from the log",
    "typed": "stated by a person",
    "missing": "missing",
    "base_value": "base value",
    "output": "output",
    "others": "others together",
    "item": "Item",
    "detail": "Detail",
    "comes_from": "Comes from",
    "time": "Time",
    "event": "Event",
}

_DE: Final = {
    "skip": "Zum Inhalt springen",
    "contents": "Auf dieser Seite",
    "as_table": "Zahlen als Tabelle zeigen",
    "scroll": "scrollbar",
    "not_provided": "nicht angegeben",
    "owed_by": "zu liefern von",
    "undefined": "nicht definiert",
    "withheld": "zurückgehalten",
    "not_examined": "nicht geprüft",
    "copy_hint": "voller Wert",
    "threshold": "Schwelle",
    "nothing": "Noch nichts vorhanden.",
    "value": "Wert",
    "interval": "Intervall",
    "group": "Gruppe",
    "rows": "Zeilen",
    "state": "Stand",
    "yes": "ja",
    "no": "nein",
    "pass": "Hält die Schwelle ein",
    "fail": "Verfehlt die Schwelle",
    "insufficient": "Zu wenig Belege",
    "undefined_state": "Nicht definiert",
    "ok": "Geprüft",
    "broken": "Verletzt",
    "open": "Offen",
    "done": "Erledigt",
    "computed": "berechnet",
    "log": "aus dem Protokoll",
    "typed": "von einer Person angegeben",
    "missing": "fehlt",
    "base_value": "Basiswert",
    "output": "Ergebnis",
    "others": "weitere zusammen",
    "item": "Gegenstand",
    "detail": "Einzelheit",
    "comes_from": "Stammt aus",
    "time": "Zeit",
    "event": "Ereignis",
}

WORDS: Final = MappingProxyType({"en": MappingProxyType(_EN), "de": MappingProxyType(_DE)})
"""Words by language and key."""


def words_for(language: Language) -> MappingProxyType[str, str]:
    """Return the kit's words in `language`.

    Returns
    -------
    Mapping of str to str
        By key.

    Examples
    --------
    >>> words_for("de")["not_provided"]
    'nicht angegeben'
    """
    return WORDS[language]
