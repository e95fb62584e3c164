"""The web server: webhooks, file links, calendar feeds, health. In the process of `dondoc run`, and
loaded only where `[web] mode = "on"`: importing FastAPI costs memory that an office without a
public address need not spend. `site.py` is what it is given; nothing here knows `bot/app.py`."""
