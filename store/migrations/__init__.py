"""Alembic's scripts. ``Store.open`` runs them; nobody needs the alembic command."""
