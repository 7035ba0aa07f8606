"""What every device has: states, errors, roles, time."""
