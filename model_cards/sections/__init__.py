"""The sections of a card, one module per theme; each turns records into fields."""
