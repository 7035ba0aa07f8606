"""The money's tests use the plugins' sandboxes over real sockets."""
