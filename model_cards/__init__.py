"""Model cards built from evidence in the log, never from claims."""
