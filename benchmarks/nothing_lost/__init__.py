"""Nothing lost, nothing false: finders of fixed points over the golden table, ours and others."""
