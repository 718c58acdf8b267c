"""Reads the settings."""
