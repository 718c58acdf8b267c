class Headers(dict):
    pass
