"""Fine-tuning: adapters of many products trained on one warm base, their caches, tokens and files."""
