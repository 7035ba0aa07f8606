"""The kit with which services are tested, ours and a partner's."""
