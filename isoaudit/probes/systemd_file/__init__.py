"""The probe of systemd's service units, as files."""
