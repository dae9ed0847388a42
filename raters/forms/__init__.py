"""The room's forms: they shape input; what is allowed is decided by the services they call."""
