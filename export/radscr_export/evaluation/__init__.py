"""What a bundle is worth, measured as the clinic gets it."""
