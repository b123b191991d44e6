"""Every screen on a phone, to be looked at by readers of the language; nothing here is a test."""
