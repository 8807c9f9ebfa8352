"""Counting and weighing of separate pieces of evidence."""
