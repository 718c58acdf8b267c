def main(arguments=None):
    """Run the command."""
    arguments = list(arguments or [])
    print("start", arguments)
    return 0
