"""Two stimuli with a delay between them: compare the second with the memory of the first."""
