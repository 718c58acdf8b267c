try:
    from shop.speedups import fast_loads as loads
except ImportError:
    from shop.pure import py_loads as loads
