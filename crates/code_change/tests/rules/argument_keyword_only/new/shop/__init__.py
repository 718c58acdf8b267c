def send(host, *, port=80, body=None):
    return host, port, body
