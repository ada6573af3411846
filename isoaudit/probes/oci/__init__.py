"""The probe of OCI runtime configurations."""
