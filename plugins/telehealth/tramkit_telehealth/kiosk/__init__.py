"""The conversation at the kiosk: what is asked before the queue, the queue and the call, what is handed over after."""
