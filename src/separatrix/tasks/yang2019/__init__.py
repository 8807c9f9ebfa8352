"""The 20 tasks of Yang et al. (2019)."""
