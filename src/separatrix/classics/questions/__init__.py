"""Questions that the experiments of single papers ask."""
