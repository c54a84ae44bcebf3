"""The demonstration: the whole road of a decision on real loan applications."""
