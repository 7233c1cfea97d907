"""What the platform costs in time, as ratios from one run."""
