"""How quickly the ledger commits, recovers and grows."""
