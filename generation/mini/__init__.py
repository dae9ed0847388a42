"""The model set `mini`: trainers that rebuild every model of it from the rendered world, and the figures they reach."""
