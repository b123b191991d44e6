"""What falls due: one file a subject, each with `run(database, toolbox, now)`, safe to run twice."""
