"""Keys: what makes a body readable, and what erasing a person destroys.

`vault` keeps the secrets outside the database, `derive` is the mathematics, `sealing` and
`opening` turn drafts into ciphertext and back, `subjects` finds and creates the keys of data
subjects, `erasure` destroys them, `holds` says when that is forbidden.
"""
