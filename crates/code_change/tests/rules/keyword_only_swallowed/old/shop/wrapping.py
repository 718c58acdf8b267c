def rename_parameter(old, new):
    return lambda function: function
