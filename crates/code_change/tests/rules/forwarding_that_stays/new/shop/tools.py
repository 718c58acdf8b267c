def copy_docstring_and_deprecators(method):
    return lambda function: function
