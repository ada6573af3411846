"""Changes deployment files so that their findings end: by edits that the checks' files hold."""
