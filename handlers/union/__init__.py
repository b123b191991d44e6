"""What the union's officers do: setting up chats, polls."""
