"""Directive file -> draft tasks, for a person to confirm."""
