"""Text from a registry on a terminal."""


def printable(text: str) -> str:
    """The text without the power to steer the terminal: control characters and direction marks appear as codes."""
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}" for character in text
    )
