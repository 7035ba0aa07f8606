"""Orders: what a resident has committed to, made durable, and carried out once whatever happens."""
