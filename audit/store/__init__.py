"""The log's database: tables, append-only guards, migrations, row access. Knows no keys.

SQLAlchemy Core on SQLite and PostgreSQL. Every name is qualified (`audit.` on PostgreSQL,
`main.` on SQLite), so that a temporary table cannot stand in for a real one. What the core needs
of a database is INSERT, primary keys and one row that is compared and swapped; triggers are
hygiene, never what correctness rests on.
"""
