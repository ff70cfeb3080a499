"""Registries (OCI distribution-spec 1.1, and Docker's token authentication)."""
