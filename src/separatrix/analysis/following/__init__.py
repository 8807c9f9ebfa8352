"""States followed along a map or a flow, every step of it, and where they end."""
