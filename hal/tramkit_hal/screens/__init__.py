"""Screens: the web screen and the scripted one; composition picks one by its driver name."""
