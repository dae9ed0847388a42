"""Durable work: a row in the database with lease, heartbeat, progress, cancel and retry; Celery only carries its id."""
