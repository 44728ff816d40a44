"""Where the data lives: the PostgreSQL server that comes along, the engine over it, and the migrations."""
