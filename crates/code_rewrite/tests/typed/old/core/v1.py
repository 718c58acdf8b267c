"""The library under the name that it keeps in the next version."""
from core.client import Base, Client, Settings, connect
from core.functions import load, save, join, old_call, plot
