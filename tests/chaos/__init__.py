"""Random kills under load: ``python -m tests.chaos --kills N --seed S``."""
