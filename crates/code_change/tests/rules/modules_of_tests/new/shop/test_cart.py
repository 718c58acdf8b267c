import unittest


class CartTest(unittest.TestCase):
    """Carts."""

    def test_fill_up(self):
        things = [1, 2, 3]
        self.assertEqual(sum(things), 6)
        self.assertTrue(things)
