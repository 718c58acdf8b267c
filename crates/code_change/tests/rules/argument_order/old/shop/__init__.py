def send(host, port, body):
    return host, port, body
