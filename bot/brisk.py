"""What keeps the event loop waiting inside Python itself: other threads, and looks for garbage."""

import gc
import sys

# Seconds. Every call of the event loop that lets go of the interpreter (a socket, a random number)
# waits so long for threads that render or talk to the database; Python's 5 ms were most of the time
# a message took.
SWITCH = 0.002


def brisk() -> None:
    """To be called once everything is imported. Threads take turns more often; and what imports
    have made is never looked at again for garbage, which stopped every thread for 200 ms."""
    sys.setswitchinterval(SWITCH)
    gc.collect()
    gc.freeze()
