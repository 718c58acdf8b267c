Thing = int
