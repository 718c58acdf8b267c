def check_threshold(**names):
    return lambda function: function


def ensure_folder(*names):
    return lambda function: function


def rename_argument(old, new):
    return lambda function: function
