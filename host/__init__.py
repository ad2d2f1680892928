"""How a person's computer talks to the board."""
