"""Recourse: what a declined applicant could change so that the outcome would be favourable."""
