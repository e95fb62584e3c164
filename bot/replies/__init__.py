"""The reply grammar: one answer typed in a chat, read without a database, a network or a clock.

`words` holds every phrase, `numbers` tells duties from dates and documents, `lexer` cuts a text
into tokens, `intents` judges a clause, `grammar` the whole answer.
"""

from bot.replies.grammar import Intent, Reply, read_reply, to_contract

__all__ = ["Intent", "Reply", "read_reply", "to_contract"]
