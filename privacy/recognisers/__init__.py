"""Recognisers of our own for the common entities, and the protocol every recogniser meets."""
