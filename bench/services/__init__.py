"""What each service asks of a resident, and how fast a large catalogue is."""
