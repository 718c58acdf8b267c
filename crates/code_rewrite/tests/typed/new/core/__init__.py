"""The library, as it is."""
from core.client import Base, Client, Settings, connect
from core.client import DEFAULT
from core.functions import load, save, join, new_call, plot, spread_out
