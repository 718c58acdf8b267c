def build_information():
    """What is known of the build."""
    return {"compiler": "none", "features": []}
