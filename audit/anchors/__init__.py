"""What stands outside the log's database and says what was in it.

An *outside head* is the newest signed checkpoint in a second store with other credentials; it
moves by compare-and-swap only, before a checkpoint is given to anybody. An *anchor* is whatever
else can be shown to somebody who trusts neither the database nor us: a folder written once, a
timestamp of an authority, cosignatures of witnesses.

Nothing here knows a database. What is read from outside is checked against the log by
:mod:`~answerable.audit.anchors.standing`, at start-up and before every checkpoint.
"""
