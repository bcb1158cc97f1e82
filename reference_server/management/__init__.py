"""The management API: people, tokens, shares and ownership as JSON over /accounting."""
