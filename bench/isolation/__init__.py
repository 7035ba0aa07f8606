"""What it costs that plugins run apart from the station."""
