"""A random sample for the examiner, drawn by a published checkpoint: nobody can pick the files.

Promises: whoever holds the checkpoint, the nonce and the headers computes the same sample; every
decision in scope is equally likely to be drawn; nothing appended after the checkpoint can be in
it; a larger sample begins with the smaller one.

What it does not prove: without a nonce the operator may have made many checkpoints and shown the
one whose sample pleased. The examiner's nonce, given after the checkpoint was handed over,
ends that; a sample without one says ``chosen_by: operator``.

To the byte, with ``||`` for one after the other::

    seed = SHA-256("answerable/sample/v1" || 0x00 || length || text || nonce)
    rank = HMAC-SHA256(key = seed, message = place)

    text    the checkpoint's three lines (origin, size, root) in UTF-8, without signatures
    length  number of bytes of text, 4 bytes, big-endian
    nonce   the examiner's bytes; none when there is no nonce
    place   place of the entry in the log, 8 bytes, big-endian

The sample of n is the n decisions in scope whose ranks are smallest, compared byte by byte; drawn
by outcome, it is the n smallest of each outcome code. So a checkpoint and a nonce give one order of
all places, and a question only says which decisions are in scope: function, outcome and window are
not in the seed, because each would be one more thing to vary until the sample pleases.

References
----------
RFC 2104 (HMAC), C2SP tlog-checkpoint (note text).
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final, Literal

from answerable.audit.entries import Entry
from answerable.audit.errors import EvidenceBroken, InvalidInput
from answerable.audit.key_chain import KeyChain
from answerable.audit.queries.scope import HeaderJson, LogPlaces, Scope, glance, stream
from answerable.audit.tree.checkpoints import Checkpoint
from answerable.audit.tree.merkle import Frontier, leaf_hash

__all__ = [
    "MAX_SAMPLE",
    "Candidate",
    "Draw",
    "DrawnEntry",
    "Sample",
    "draw",
    "draw_sample",
    "nonce_bytes",
    "place_rank",
    "sample_seed",
    "verify_sample",
]

MAX_SAMPLE: Final = 10_000
_LABEL: Final = b"answerable/sample/v1\0"
_NONCE: Final = re.compile(r"([0-9a-f]{2}){16,64}")
_LENGTH_BYTES: Final = 4
_PLACE_BYTES: Final = 8
_CHUNK: Final = 4096


@dataclass(frozen=True, slots=True)
class Candidate:
    """A decision in scope."""

    seq: int
    entry_id: str
    outcome: str


@dataclass(frozen=True, slots=True)
class DrawnEntry:
    """A drawn decision and the rank that drew it, 64 hex digits."""

    seq: int
    entry_id: str
    outcome: str
    rank: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """How a sample is drawn.

    `nonce` is the examiner's, 32 to 128 hex digits; empty when there is none. `by_outcome` draws
    `n` of each outcome code.
    """

    n: int
    nonce: str = ""
    by_outcome: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A drawn sample and what it rests on."""

    log: str
    size: int
    root: str
    """Root that the checkpoint signed, hex."""
    chosen_by: Literal["examiner", "operator"]
    population: dict[str, int]
    """Decisions in scope, by outcome code."""
    drawn: tuple[DrawnEntry, ...]
    """By rank; drawn by outcome, by outcome code and then by rank."""


def nonce_bytes(nonce: str) -> bytes:
    """Return the bytes of an examiner's nonce.

    Parameters
    ----------
    nonce : str
        32 to 128 lower-case hex digits, or nothing.

    Returns
    -------
    bytes
        0, or 16 to 64 bytes.

    Raises
    ------
    InvalidInput
        If it is neither.

    Examples
    --------
    >>> len(nonce_bytes("0f" * 16)), nonce_bytes("")
    (16, b'')
    """
    if nonce and not _NONCE.fullmatch(nonce):
        raise InvalidInput(
            "a nonce is 32 to 128 hex digits, lower case",
            where="nonce",
            remedy="The examiner makes one with `openssl rand -hex 16`.",
        )
    return bytes.fromhex(nonce)


def sample_seed(text: str, nonce: bytes = b"") -> bytes:
    r"""Return the seed of a sample.

    Parameters
    ----------
    text : str
        The checkpoint's text: three lines, each with its newline.
    nonce : bytes
        The examiner's; none when left out.

    Returns
    -------
    bytes
        32 bytes.

    Examples
    --------
    >>> import hashlib
    >>> by_hand = b"answerable/sample/v1" + bytes([0, 0, 0, 0, 3]) + b"a\nb" + b"n"
    >>> sample_seed("a\nb", b"n") == hashlib.sha256(by_hand).digest()
    True
    """
    data = text.encode()
    return hashlib.sha256(_LABEL + len(data).to_bytes(_LENGTH_BYTES, "big") + data + nonce).digest()


def place_rank(seed: bytes, seq: int) -> bytes:
    """Return the rank of a place of the log, 32 bytes; it needs no entry to be known."""
    return hmac.digest(seed, seq.to_bytes(_PLACE_BYTES, "big"), "sha256")


def draw(
    candidates: Iterable[Candidate], how: Draw, *, seed: bytes
) -> tuple[dict[str, int], tuple[DrawnEntry, ...]]:
    """Draw from decisions in scope, whatever order they come in.

    Parameters
    ----------
    candidates : Iterable[Candidate]
        Each decision once; only the smallest ranks are kept in memory.
    how : Draw
        How many, and whether by outcome.
    seed : bytes
        From :func:`sample_seed`.

    Returns
    -------
    tuple of dict and tuple
        How many there were of each outcome code, and what was drawn: all of them where there
        were no more than `n`.

    Raises
    ------
    InvalidInput
        If `n` is not 1 to 10,000.
    """
    if not 1 <= how.n <= MAX_SAMPLE:
        raise InvalidInput(
            f"a sample of {how.n}", where="n", remedy=f"Ask for 1 to {MAX_SAMPLE} decisions."
        )
    strata: dict[str, _Smallest] = {}
    population: Counter[str] = Counter()
    for item in candidates:
        population[item.outcome] += 1
        stratum = item.outcome if how.by_outcome else ""
        strata.setdefault(stratum, _Smallest(how.n)).offer(place_rank(seed, item.seq), item)
    drawn = [
        DrawnEntry(item.seq, item.entry_id, item.outcome, rank.hex())
        for stratum in sorted(strata)
        for rank, item in strata[stratum].ranked()
    ]
    return dict(sorted(population.items())), tuple(drawn)


def draw_sample(log: LogPlaces, signed: Checkpoint, scope: Scope, how: Draw) -> Sample:
    """Draw a sample from a log.

    Parameters
    ----------
    log : LogPlaces
        The log.
    signed : Checkpoint
        A checkpoint that was opened, and that the log extends.
    scope : Scope
        Which decisions; those at or beyond the checkpoint's size never are.
    how : Draw
        How many, the nonce, and whether by outcome.

    Returns
    -------
    Sample
        With the population it was drawn from.

    Raises
    ------
    InvalidInput
        If the number or the nonce is out of range.
    RecordTampered
        If an entry is indexed under what its header does not say.
    """
    signed_only = takewhile(lambda found: found[0].seq < signed.size, stream(log, scope))
    found = (_candidate(entry.seq, header) for entry, header in signed_only)
    return _drawn(found, signed, how)


def verify_sample(
    sample: Sample,
    headers: Iterable[bytes],
    *,
    note: str,
    vkey: str | KeyChain,
    scope: Scope,
    how: Draw,
) -> None:
    """Check a sample from the headers alone.

    1. The checkpoint is signed by the log's key.
    2. The headers given are all of those it signed: their hashes give its root.
    3. The sample drawn from them is the one that was handed over.

    Parameters
    ----------
    sample : Sample
        What was handed over.
    headers : Iterable[bytes]
        Header bytes of the places 0 to `size` - 1, in order; read once.
    note : str
        The checkpoint as the examiner holds it.
    vkey : str or KeyChain
        The log's verifier key, from a source other than the log's database; the chain it stands in
        when the log's key was rotated since.
    scope, how
        What was asked.

    Raises
    ------
    CheckpointSignatureInvalid
        If the checkpoint is not of this log.
    EvidenceBroken
        If headers are missing, too many or altered, or the sample is another one.
    InvalidInput
        If the number or the nonce is out of range.
    """
    keys = KeyChain((vkey,)) if isinstance(vkey, str) else vkey
    signed = keys.open_checkpoint(note)
    reading = _Reading()
    expected = _drawn(reading.candidates(headers, scope), signed, how)
    if (reading.frontier.size, reading.frontier.root()) != (signed.size, signed.root):
        raise EvidenceBroken(
            f"the {reading.frontier.size} headers are not the {signed.size} that were signed",
            where="checkpoint",
            remedy="Ask for the headers of every place below the checkpoint's size.",
        )
    if sample != expected:
        raise EvidenceBroken(
            "the sample is not the one that the checkpoint and the nonce give",
            where="sample",
            remedy="Ask how it was drawn; the right one can be computed from the headers.",
        )


@dataclass(slots=True)
class _Smallest:
    """The n smallest ranks seen so far: a heap with the largest of them on top."""

    n: int
    heap: list[tuple[int, int, Candidate]] = field(default_factory=list)

    def offer(self, rank: bytes, item: Candidate) -> None:
        entry = (-int.from_bytes(rank, "big"), -item.seq, item)
        if len(self.heap) < self.n:
            heapq.heappush(self.heap, entry)
        elif entry[:2] > self.heap[0][:2]:
            heapq.heapreplace(self.heap, entry)

    def ranked(self) -> list[tuple[bytes, Candidate]]:
        found = sorted(((-rank, item.seq, item) for rank, _, item in self.heap), key=_by_rank)
        return [
            (rank.to_bytes(hashlib.sha256().digest_size, "big"), item) for rank, _, item in found
        ]


@dataclass(slots=True)
class _Reading:
    """Headers on their way past: each becomes a leaf of the tree and perhaps a candidate."""

    frontier: Frontier = field(default_factory=Frontier)

    def candidates(self, headers: Iterable[bytes], scope: Scope) -> Iterator[Candidate]:
        leaves: list[bytes] = []
        for seq, data in enumerate(headers):
            leaf = leaf_hash(data)
            leaves.append(leaf)
            if len(leaves) == _CHUNK:
                self.frontier = self.frontier.extend(leaves)
                leaves.clear()
            header = glance(Entry(seq, data, leaf))
            if scope.holds(header):
                yield _candidate(seq, header)
        self.frontier = self.frontier.extend(leaves)


def _by_rank(found: tuple[int, int, Candidate]) -> tuple[int, int]:
    return found[0], found[1]


def _candidate(seq: int, header: HeaderJson) -> Candidate:
    return Candidate(seq, header["id"], header.get("outcome", ""))


def _drawn(candidates: Iterable[Candidate], signed: Checkpoint, how: Draw) -> Sample:
    seed = sample_seed(signed.text(), nonce_bytes(how.nonce))
    population, drawn = draw(candidates, how, seed=seed)
    return Sample(
        log=signed.origin,
        size=signed.size,
        root=signed.root.hex(),
        chosen_by="examiner" if how.nonce else "operator",
        population=population,
        drawn=drawn,
    )
