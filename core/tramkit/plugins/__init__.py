"""Plugins: manifest, loading, hooks, golden pages."""
