"""What a guest says of itself, asked over SSH."""
