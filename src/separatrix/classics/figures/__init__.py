"""Figures of what single papers ask."""
