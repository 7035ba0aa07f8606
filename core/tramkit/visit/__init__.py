"""The visit side: what runs beside a plugin's code."""
