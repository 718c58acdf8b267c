def coroutine(function):
    return function
