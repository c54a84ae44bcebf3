"""The command line: thin over the same flows the HTTP API uses."""
