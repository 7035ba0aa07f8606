"""Banking: accounts and consumer loans."""
