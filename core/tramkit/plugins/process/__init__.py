"""Plugins in processes of their own: a template with the plugin imported, a worker, and a process for each visit."""
