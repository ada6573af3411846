"""Says which wall a workload needs, what a wall is enough for, and what to change."""
