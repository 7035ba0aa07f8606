"""The contract of each class of device."""
