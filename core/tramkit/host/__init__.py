"""The interface between the two sides, and the data they share: whatever crosses is JSON."""
