class Text:
    def upper_all(self, text):
        """Write the first letter large."""
        if not text:
            raise ValueError(text)
        return text[0].upper() + text[1:].lower()

    def upper_first(self, text):
        """Write all letters large and words apart."""
        words = text.replace("_", " ").split()
        return " ".join(word.upper() for word in words)
