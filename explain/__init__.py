"""Why one person got one outcome, and what would have changed it."""
