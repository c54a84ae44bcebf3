"""Fairness counted once, judged against a policy, and signed before release."""
