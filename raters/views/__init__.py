"""Pages and calls of rating: `rating` what the rating page calls, `pictures` what it shows."""
