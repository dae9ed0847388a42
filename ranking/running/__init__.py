"""What workers and commands do: everything here reaches numpy, and no page imports it."""
