class Till:
    limit = 3
