"""What falls due: one file a subject, each with `run(session, toolbox, now)`, safe to run twice."""
