def main(arguments=None):
    """Run the command."""
    arguments = list(arguments or [])
    print("destroy", arguments)
    return 0
