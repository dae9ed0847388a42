"""Ratings in and out as files: the long form in CSV, JSONL and Parquet, and Label Studio's JSON."""
