def read_request(stream):
    return stream.readline()
