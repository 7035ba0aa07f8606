"""The desk: the doctors' web application, and the far end of every kiosk's gateway."""
