"""The station's steps with devices: vital signs, camera test, signature, scanning, printing."""
