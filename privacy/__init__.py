"""Finds personal data in tables and text, and says what was not examined."""
