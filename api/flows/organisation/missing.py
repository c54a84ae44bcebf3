"""What nobody stated, collected with the provision that asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from pydantic import BaseModel, JsonValue

__all__ = ["Missing", "json_of"]

Json = dict[str, JsonValue]


@dataclass
class Missing:
    """What nobody stated: collected, so that it can be shown."""

    items: list[JsonValue] = field(default_factory=list)

    def note(self, item: str, article: str, *, of: str = "") -> None:
        """Add something that is owed, with the provision that asks for it."""
        owed: Json = {"item": item, "article": article}
        if of:
            owed["of"] = of
        if owed not in self.items:
            self.items.append(owed)


def json_of(model: BaseModel | None) -> JsonValue:
    """Return a record's JSON form without what was left out; nothing for no record."""
    if model is None:
        return None
    return cast("JsonValue", model.model_dump(mode="json", exclude_none=True))
