"""Decisions between noisy alternatives, with evidence in two modalities."""
