"""A worked example on real loan decisions: data preparation, training, policy, catalogue."""
