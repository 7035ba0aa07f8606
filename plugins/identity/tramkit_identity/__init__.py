"""Signing in with VNeID on the resident's own phone."""
