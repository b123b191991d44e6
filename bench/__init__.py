"""Measured comparisons against a bare aiogram bot on the same local Telegram; `python -m bench` runs them."""
