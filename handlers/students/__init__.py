"""The private chat: what a student says and presses."""
