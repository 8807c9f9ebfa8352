"""Decisions between noisy alternatives that two modalities speak of."""
