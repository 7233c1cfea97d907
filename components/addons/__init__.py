"""What every cluster gets from elsewhere."""
