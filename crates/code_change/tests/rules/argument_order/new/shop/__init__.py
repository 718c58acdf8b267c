def send(body, host, port):
    return host, port, body
