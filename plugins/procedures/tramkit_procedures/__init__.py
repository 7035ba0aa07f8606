"""Public-service procedures: fees, health insurance, dossiers."""
