"""Calls on bad networks: a station's media and real browsers in network namespaces joined by a seeded relay."""
