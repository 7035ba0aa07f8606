"""What the operator does to a station from the command line."""
