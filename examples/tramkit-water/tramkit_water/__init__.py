"""A water company's plugin, made outside Tramkit with its public names only."""
