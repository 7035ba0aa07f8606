"""Pages, events and what every screen shares."""
