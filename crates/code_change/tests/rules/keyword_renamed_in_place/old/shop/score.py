def score(truth, prob, *, weight=None):
    """Score probabilities against the truth."""
    total = sum((t - p) ** 2 for t, p in zip(truth, prob))
    return total * (weight or 1) / len(truth)
