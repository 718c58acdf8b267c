def run_them(tests):
    """Run them."""
    failed = 0
    for one in tests:
        failed += not one()
    return failed
