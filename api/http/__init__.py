"""The HTTP interface: an app factory and one file per resource above the flows."""
