"""One module per schema version of the mutable state."""
