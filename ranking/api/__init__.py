"""The API of ranking: analysts read, operators write."""
