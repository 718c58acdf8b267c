class Request:
    path = "/"
