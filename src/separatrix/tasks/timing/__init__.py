"""Measuring and producing intervals of time."""
