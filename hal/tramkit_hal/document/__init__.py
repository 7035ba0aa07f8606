"""What is printed, and how it becomes dots."""
