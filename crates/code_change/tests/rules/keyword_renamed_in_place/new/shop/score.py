import warnings


def score(truth, proba=None, *, weight=None, prob="deprecated"):
    """Score probabilities against the truth."""
    if prob != "deprecated":
        warnings.warn("prob was deprecated in version 2.0. Please use proba instead.", FutureWarning)
        proba = prob
    total = sum((t - p) ** 2 for t, p in zip(truth, proba))
    return total * (weight or 1) / len(truth)
