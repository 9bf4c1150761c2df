"""A store in a SQLite file: `SqliteStore` and its parts."""
