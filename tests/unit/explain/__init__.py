"""Tests of answerable.explain."""
