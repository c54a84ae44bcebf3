"""Retention: how long what is kept, under which law, and its removal by recorded, approved runs."""
