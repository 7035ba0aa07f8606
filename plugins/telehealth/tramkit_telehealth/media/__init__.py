"""The kiosk's WebRTC peer: aiortc, fed by the station's camera and microphone, feeding its speaker and screen."""
