"""How long one thread may keep the others waiting."""

import sys

# Seconds. Every call of the event loop that lets go of the interpreter (a socket, a random number)
# waits so long for threads that render or talk to the database; Python's 5 ms were most of the time
# a message took.
SWITCH = 0.0005


def brisk() -> None:
    """Let threads of this process take turns more often, for the event loop's sake."""
    sys.setswitchinterval(SWITCH)
