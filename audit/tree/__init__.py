"""The Merkle tree over the log: hashes, tiles, proofs, signed notes, checkpoints, receipts.

Everything here is pure: bytes in, bytes out, no clock, no store. `audit/verify` is a second
implementation of the same mathematics and imports nothing from here.
"""
