"""Three machines with PostgreSQL under Patroni, and what happens to the program when one of them is gone."""
