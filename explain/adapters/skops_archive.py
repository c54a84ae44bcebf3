"""Check a skops archive against a closed list of types before skops reads it.

skops names the types it does not know; that list has had holes. So the schema inside the
archive is read here first, and only the loaders and types a logistic regression needs pass.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Final

from pydantic import JsonValue

from answerable.audit.errors import InvalidInput, TooLarge
from answerable.explain.adapters.foreign import SAFE_FORMATS, is_pickle

__all__ = ["TRUSTED_TYPES", "check_archive"]

TRUSTED_TYPES: Final = ("numpy.dtype",)
"""What skops is told to trust beyond its own defaults; SimpleImputer stores a dtype."""

_UNPACKED_LIMIT: Final = 64 * 1024 * 1024
_MEMBER_LIMIT: Final = 1000
_ESTIMATORS: Final = frozenset(
    {
        "sklearn.impute._base.SimpleImputer",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.StandardScaler",
    }
)
_PLAIN: Final = frozenset(
    f"builtins.{name}" for name in ("str", "int", "float", "bool", "NoneType")
)
_NUMBERS: Final = frozenset(
    f"numpy.{name}" for name in ("ndarray", "float32", "float64", "int32", "int64", "bool")
)
_ALLOWED: Final[dict[str, frozenset[str]]] = {
    "ObjectNode": _ESTIMATORS,
    "DictNode": frozenset({"builtins.dict"}),
    "ListNode": frozenset({"builtins.list"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "JsonNode": _PLAIN,
    "TypeNode": _PLAIN,
    "NdArrayNode": _NUMBERS,
    "DTypeNode": frozenset({"numpy.dtype"}),
}


def check_archive(data: bytes) -> None:
    """Check that the archive holds nothing but plain values and supported estimators.

    Raises
    ------
    InvalidInput
        Naming what else it holds.
    TooLarge
        If it unpacks to more than 64 MiB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_members(archive)
            schema: JsonValue = json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, RecursionError) as error:
        raise _refused(f"is broken or is no skops archive ({type(error).__name__})") from None
    except (NotImplementedError, RuntimeError) as error:
        raise _refused(f"uses an unusual zip feature ({type(error).__name__})") from None
    _check_schema(schema)


def _refused(what: str) -> InvalidInput:
    return InvalidInput(f"the skops file {what}", where="model", remedy=SAFE_FORMATS)


def _check_members(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if total > _UNPACKED_LIMIT or len(members) > _MEMBER_LIMIT:
        raise TooLarge(
            f"the skops file unpacks to {total} bytes in {len(members)} members",
            where="model",
            remedy=f"At most {_UNPACKED_LIMIT} bytes in {_MEMBER_LIMIT} members are read.",
        )
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise _refused("holds two members of the same name")
    for member in members:
        if member.filename != "schema.json":
            _check_array(archive, member)


def _check_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    with archive.open(member) as stream:
        head = stream.read(512)
    if is_pickle(head) or b"|O" in head:
        raise _refused("holds a pickle, which runs code when it is read")
    if not (member.filename.endswith(".npy") and head.startswith(b"\x93NUMPY")):
        raise _refused("holds a member that is neither its schema nor an array")


def _check_schema(schema: JsonValue) -> None:
    waiting: list[JsonValue] = [schema]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            _check_node(item)
            waiting += item.values()


def _check_node(node: dict[str, JsonValue]) -> None:
    loader = node.get("__loader__")
    if loader is None:
        if "__class__" in node or "__module__" in node:
            raise _refused("holds an object without a loader")
        return
    kind = f"{node.get('__module__')}.{node.get('__class__')}"
    if not isinstance(loader, str) or kind not in _ALLOWED.get(loader, frozenset()):
        raise _refused(f"holds the type '{kind[:80]}', which is not on the list of trusted types")
