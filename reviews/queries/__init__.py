"""Reads. Each function says how many queries it makes; none of them grows with the number of reviews."""
