"""Papers that a resident hands over as pictures: by the station's camera, or from their own phone."""
