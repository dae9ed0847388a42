"""What learns to rank: feature tables, labels, rankers. numpy, scikit-learn, LightGBM and Optuna; no Django."""
