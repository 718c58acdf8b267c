import warnings

class Field:
    def make_error(self, key, **kwargs):
        return ValueError(key, kwargs)

    def fail(self, key, **kwargs):
        """Raise an error.

        .. deprecated:: 3.0.0
            Use `make_error <shop.Field.make_error>` instead.
        """
        warnings.warn("`Field.fail` is deprecated. Use `raise self.make_error(...)` instead.", DeprecationWarning)
        raise self.make_error(key=key, **kwargs)
