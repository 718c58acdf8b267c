"""The library under the name that it keeps in the next version."""
from core.v1.client import Base, Client, Settings, connect
from core.v1.functions import load, save, join, old_call, plot
