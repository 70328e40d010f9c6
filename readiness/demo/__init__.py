"""Made-up people, services and reviews, so that a new user sees the product at work at once."""
