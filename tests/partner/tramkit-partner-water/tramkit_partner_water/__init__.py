"""A partner's plugin: made outside Tramkit, with its public names only."""
