"""State, step, loop, checkpoint and run folder."""
