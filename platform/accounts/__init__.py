"""Who may do what: users and the roles rater, analyst and operator."""
