"""Keys of holders inside one transaction: find, unwrap, create.

A holder is found by a keyed hash of the caller's id; its reference is random, so that once the
key row is gone nothing links the log to the person. Everything here runs after the head was
claimed (or, for reading, on one snapshot).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

from answerable.audit.errors import (
    Erased,
    InvalidInput,
    NotFound,
    RecordTampered,
    Unavailable,
)
from answerable.audit.ids import subject_ref
from answerable.audit.keys.derive import (
    KEY_SIZE,
    NONCE_SIZE,
    KeyAddress,
    alias_mac,
    bucket_of,
    holder_lookup,
    keyed_hash,
    open_sealed,
    seal,
    unwrap_data_key,
    wrap_data_key,
)
from answerable.audit.keys.held import Held, Holder
from answerable.audit.keys.vault import Entropy, KeyVault, new_bucket_key
from answerable.audit.store.database import Connection
from answerable.audit.store.entry_rows import knows_subject
from answerable.audit.store.key_rows import (
    AliasRow,
    KeyRow,
    aliases_by_lookup,
    bucket_versions,
    insert_alias,
    keys_by_lookup,
    keys_by_ref,
)

__all__ = ["BucketKeyMissing", "Keyring", "open_name"]

_REF_BYTES = 16
_MAX_ID = 256
_FEW = 3


class BucketKeyMissing(Unavailable):
    """The vault lacks a bucket key that a row names: another vault, or rotated meanwhile."""


class Keyring:
    """The holders one transaction deals with.

    Parameters
    ----------
    connection : Connection
        A transaction that claimed the head; or a snapshot, for reading only.
    vault : KeyVault
        Where bucket keys and the pepper are.
    origin : str
        The log, bound into each wrapping.
    entropy : Callable[[int], bytes]
        Gives keys, references and nonces.
    held : Held, optional
        What is known to be in force.
    """

    def __init__(
        self,
        connection: Connection,
        vault: KeyVault,
        origin: str,
        entropy: Entropy,
        *,
        held: Held | None = None,
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._origin = origin
        self._entropy = entropy
        self._refs: dict[bytes, str] = {}
        self._rows: dict[str, KeyRow] = {}
        self._data_keys: dict[str, bytes] = {}
        self._aliases: dict[bytes, AliasRow] = {}
        self._asked: set[bytes | str] = set()
        self._versions: dict[int, int] = {}
        self._all_versions = False
        self._created: list[KeyRow] = []
        self._new_buckets: dict[int, int] = {}
        self._lookups: dict[str, bytes] = {}
        self._held = held or Held()

    def expect(self, holder_ids: Iterable[str], refs: Iterable[str]) -> None:
        """Read the key rows of many holders at once."""
        lookups = {self._lookup(holder_id) for holder_id in holder_ids} - self._asked
        named = set(refs) - self._asked
        found = keys_by_lookup(self._connection, sorted(lookups)) if lookups else []
        if any(row.lookup not in lookups for row in found):
            rows = aliases_by_lookup(self._connection, sorted(lookups))
            self._aliases |= {row.lookup: row for row in rows}
        found += keys_by_ref(self._connection, sorted(named)) if named else []
        self._asked |= lookups | named
        for row in found:
            self._keep(row)

    def ref_of(self, holder_id: str) -> str | None:
        """Return the reference of a holder, None when there is none (or no longer).

        Returns
        -------
        str or None
            ``s-`` and 32 hex digits.

        Raises
        ------
        BucketKeyMissing
            If the vault lacks the key of its bucket.
        RecordTampered
            If the row was altered or swapped.
        """
        return self._led_to(self._lookup(holder_id), holder_id)

    def _led_to(self, lookup: bytes, holder_id: str) -> str | None:
        if lookup not in self._asked:
            self.expect((holder_id,), ())
        ref = self._refs.get(lookup)
        if ref is None:
            return self._aliased(lookup)
        # Opening the key proves that this row's look-up is its own: see `KeyAddress`.
        self.data_key(ref)
        return ref

    def data_key(self, ref: str) -> bytes | None:
        """Return a holder's data key, None when there is none (or no longer).

        Returns
        -------
        bytes or None
            32 bytes.

        Raises
        ------
        BucketKeyMissing
            If the vault lacks the key of its bucket.
        RecordTampered
            If the row was altered or swapped.
        """
        if ref in self._data_keys:
            return self._data_keys[ref]
        if ref not in self._asked:
            self.expect((), (ref,))
        row = self._rows.get(ref)
        if row is None:
            return None
        if ref not in self._data_keys:
            address = KeyAddress(self._origin, ref, row.lookup, row.bucket, row.version)
            bucket_key = self._bucket_key(row.bucket, row.version)
            self._data_keys[ref] = unwrap_data_key(bucket_key, row.wrapped, address)
        return self._data_keys[ref]

    def name_of(self, ref: str) -> str | None:
        """Return the name sealed under an actor's key, None when the key is gone.

        Returns
        -------
        str or None
            The name.

        Raises
        ------
        BucketKeyMissing
            If the vault lacks the key of its bucket.
        RecordTampered
            If the row was altered or swapped.
        """
        key = self.data_key(ref)
        sealed = self._rows[ref].sealed if key is not None else None
        return None if key is None or sealed is None else open_name(key, ref, sealed)

    def require(self, ref: str) -> bytes:
        """Return a holder's data key.

        Returns
        -------
        bytes
            32 bytes.

        Raises
        ------
        Erased
            If the log knows the reference and its key is gone.
        NotFound
            If the log does not know it.
        """
        key = self.data_key(ref)
        if key is None:
            self.require_known(ref)
            raise Erased(
                "the key of this data subject was destroyed",
                where=ref,
                remedy="Name the person by their own id to begin anew.",
            )
        return key

    def require_known(self, ref: str) -> None:
        """Check that the log has ever named this reference.

        Raises
        ------
        NotFound
            If it has not.
        """
        self.expect((), (ref,))
        if ref not in self._rows and not knows_subject(self._connection, ref):
            raise NotFound(
                "the log knows no such reference",
                where=ref if len(ref) <= len("s-") + 2 * _REF_BYTES else "subject reference",
                remedy="Name the data subject by their own id, or by the reference that"
                " `answerable subject find` gives.",
            )

    def find_or_create(self, holder_id: str) -> str:
        """Return the reference of a holder, with a fresh key if it has none.

        Returns
        -------
        str
            ``s-`` and 32 hex digits.

        Raises
        ------
        InvalidInput
            If the id is empty or longer than 256 characters.
        """
        _require_id(holder_id)
        known = self._held.holders.get(holder_id)
        if known is not None:
            self._data_keys[known.ref] = known.data_key
            return known.ref
        lookup = self._lookup(holder_id)
        ref = self._led_to(lookup, holder_id)
        if ref is None:
            ref = subject_ref(self._entropy(_REF_BYTES))
            self.create(ref, lookup)
        return ref

    def create(self, ref: str, lookup: bytes, *, name: str | None = None) -> None:
        """Give a new holder a key; an actor's name is sealed under it."""
        bucket = bucket_of(ref)
        version, bucket_key = self._bucket_in_force(bucket)
        data_key = self._entropy(KEY_SIZE)
        address = KeyAddress(self._origin, ref, lookup, bucket, version)
        wrapped = wrap_data_key(bucket_key, data_key, address, self._entropy(NONCE_SIZE))
        sealed = None
        if name is not None:
            nonce = self._entropy(NONCE_SIZE)
            sealed = seal(
                _name_key(data_key), name.encode(), address=address_of_name(ref), nonce=nonce
            )
        row = KeyRow(ref, lookup, bucket, version, wrapped, sealed)
        self._keep(row)
        self._data_keys[ref] = data_key
        self._created.append(row)

    def add_alias(self, ref: str, holder_id: str) -> None:
        """Let one more id lead to a holder, sealed under the holder's own data key.

        Raises
        ------
        InvalidInput
            If the id is empty or longer than 256 characters.
        """
        _require_id(holder_id)
        lookup = self._lookup(holder_id)
        alias = AliasRow(lookup, ref, alias_mac(self.require(ref), self._origin, lookup))
        insert_alias(self._connection, alias)
        self._aliases[lookup] = alias

    def created(self) -> int:
        """Return how many holders were created: a mark to :meth:`rewind` to."""
        return len(self._created)

    def rewind(self, mark: int) -> None:
        """Forget the holders created since a mark: what they were needed for was refused."""
        for row in self._created[mark:]:
            del self._rows[row.ref], self._refs[row.lookup], self._data_keys[row.ref]
        del self._created[mark:]

    def opened(self, holder_ids: Iterable[str]) -> dict[str, Holder]:
        """Return the holders among these ids whose keys were opened here."""
        refs = {name: self._refs.get(self._lookup(name)) for name in holder_ids}
        return {
            name: Holder(ref, self._data_keys[ref])
            for name, ref in refs.items()
            if ref is not None and ref in self._data_keys
        }

    def versions(self) -> Mapping[int, int]:
        """Return the versions in force that were read or made here, by bucket."""
        return self._versions

    def fresh(self) -> tuple[list[KeyRow], dict[int, int]]:
        """Return the rows of holders and buckets created here, to be stored with the entries."""
        return self._created, self._new_buckets

    def _lookup(self, holder_id: str) -> bytes:
        known = self._lookups.get(holder_id)
        if known is None:
            known = self._lookups[holder_id] = holder_lookup(self._vault.pepper(), holder_id)
        return known

    def _aliased(self, lookup: bytes) -> str | None:
        """Return whom a further look-up leads to, once its seal shows that it is theirs."""
        alias = self._aliases.get(lookup)
        data_key = None if alias is None else self.data_key(alias.ref)
        if alias is None or data_key is None:
            return None
        if not hmac.compare_digest(alias_mac(data_key, self._origin, lookup), alias.mac):
            raise RecordTampered(
                "a further identifier was altered or swapped with another person's",
                where=f"identifiers of {alias.ref}",
                remedy="Restore the key table from a backup, or erase and record anew.",
            )
        return alias.ref

    def _keep(self, row: KeyRow) -> None:
        self._rows[row.ref] = row
        self._refs[row.lookup] = row.ref
        self._asked |= {row.ref, row.lookup}

    def _bucket_key(self, bucket: int, version: int) -> bytes:
        try:
            return self._vault.bucket_key(bucket, version)
        except NotFound:
            raise BucketKeyMissing(
                f"the vault lacks key {version} of bucket {bucket}",
                where="key directory",
                remedy="It belongs to another log, is incomplete, or the database is an older"
                " backup: open the log with the key directory of its own time.",
            ) from None

    def _bucket_in_force(self, bucket: int) -> tuple[int, bytes]:
        version = self._versions.get(bucket) or self._held.versions.get(bucket)
        if version is None and not self._all_versions:
            # One by one for a few new holders; for many all of them at once.
            self._all_versions = len(self._created) >= _FEW
            wanted = None if self._all_versions else (bucket,)
            self._versions |= bucket_versions(self._connection, wanted)
            version = self._versions.get(bucket)
        if version is None:
            version = new_bucket_key(self._vault, bucket, 1, self._entropy(KEY_SIZE))
            self._new_buckets[bucket] = version
        self._versions[bucket] = version
        return version, self._bucket_key(bucket, version)


def _require_id(holder_id: str) -> None:
    if not 1 <= len(holder_id) <= _MAX_ID:
        raise InvalidInput(
            f"the id of a data subject has 1 to {_MAX_ID} characters", where="subject_id"
        )


def open_name(data_key: bytes, ref: str, sealed: bytes) -> str:
    """Return the name sealed under an actor's own key.

    Returns
    -------
    str
        The name.

    Raises
    ------
    RecordTampered
        If the sealed name was altered or moved.
    """
    opened = open_sealed(
        _name_key(data_key), sealed, address=address_of_name(ref), where=f"name of {ref}"
    )
    return opened.decode()


def address_of_name(ref: str) -> bytes:
    """Return what a sealed name is bound to."""
    return f"answerable/name1\0{ref}".encode()


def _name_key(data_key: bytes) -> bytes:
    return keyed_hash(data_key, "answerable/name1", b"")
