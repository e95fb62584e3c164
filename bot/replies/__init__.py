"""The reply grammar: one answer typed in a chat, read without a database, a network or a clock.

`words` holds every phrase, `numbers` tells duties from dates and documents, `lexer` cuts a text
into tokens, `intents` judges a clause, `grammar` the whole answer, `several` a message of several.
"""

from bot.replies.grammar import Intent, Reply, read_reply, to_contract
from bot.replies.several import statements

__all__ = ["Intent", "Reply", "read_reply", "statements", "to_contract"]
