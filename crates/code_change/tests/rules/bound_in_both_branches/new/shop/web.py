def serve(value):
    return value
