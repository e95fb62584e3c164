"""Looking over a directive in a chat before it is stored: files and texts come in (`uploads.py`),
are shown and corrected (`acts.py`, `view.py`), and stored with word to those who now owe something
(`storing.py`)."""
