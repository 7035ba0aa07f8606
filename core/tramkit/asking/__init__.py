"""What both sides ask with: questions of one page each, over a journal that Back replays."""
