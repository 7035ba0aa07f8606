"""The Vietnamese identity card: reader, printed QR, number."""
