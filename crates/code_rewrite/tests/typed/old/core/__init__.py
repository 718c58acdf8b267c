"""A library, as it was."""
from core.client import Base, Client, Settings, connect
from core.client import DEFAULT
from core.functions import load, save, join, old_call, plot, spread, fetch_from
