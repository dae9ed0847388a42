"""Reads for pages, API and terminal; each a bounded number of queries, whatever the tables hold."""
