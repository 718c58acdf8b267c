def when(*conditions, **equalities):
    """When they hold, and what is named equals what is given."""
    return conditions, equalities
