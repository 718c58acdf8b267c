class Query:
    """A query that is sent to a chat and answered there."""

    def answer(self, text, show=False, *, read_timeout=None, write_timeout=None, pool_timeout=None):
        return [text, show]

    def copy(self, chat, text, *, read_timeout=None, write_timeout=None, pool_timeout=None):
        return [chat, text]

    def send(self, text, *, read_timeout=None, write_timeout=None):
        return [text]
