"""What is audited: addresses as people write them, and the files a folder holds."""
