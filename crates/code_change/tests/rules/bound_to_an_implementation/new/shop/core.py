def core_run(program, *, check=True, env=None):
    """Run a program."""
    return program.start(check=check, env=env)
