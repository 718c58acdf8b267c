def area_of_shape(shape, scale):
    return shape.width * shape.height * scale + shape.edge
