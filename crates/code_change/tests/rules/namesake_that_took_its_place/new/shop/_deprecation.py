import warnings
from importlib import import_module


def _moved_with_deprecation(*, package, module, private_modules, all, attribute, correct_module=None):
    """Serves a name of a module that was never meant for users."""
    correct = f"{package}.{correct_module}" if correct_module else package
    if attribute not in all:
        raise AttributeError(f"`{package}.{module}` has no attribute `{attribute}`.")
    message = f"Please import `{attribute}` from the `{correct}` namespace."
    warnings.warn(message, category=DeprecationWarning, stacklevel=3)
    for private in private_modules:
        return getattr(import_module(f"{package}.{private}"), attribute)
