"""Sections of a report on what single papers ask."""
