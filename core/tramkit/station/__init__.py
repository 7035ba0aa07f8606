"""The station's loop, its menu, its devices, the wipe."""
