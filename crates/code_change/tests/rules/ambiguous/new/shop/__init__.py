def area_of_rect(shape, scale):
    return shape.width * shape.height * scale + shape.edge


def area_of_tile(shape, scale):
    return shape.width * shape.height * scale + shape.edge
