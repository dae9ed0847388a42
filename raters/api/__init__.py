"""Rating for programs: the same services as the pages, and the same roles; described at /api/docs/."""
