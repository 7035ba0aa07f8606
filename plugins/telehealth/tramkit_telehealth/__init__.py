"""A resident sees a doctor by video: the kiosk's side, and the desk where the doctor sits."""
