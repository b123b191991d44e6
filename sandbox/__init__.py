"""A local Telegram: a Bot API server, a control side for tests and demonstrations, and a chat page.

It exists so that the whole program can be run, tried and measured without a token and without a network,
against something that refuses what Telegram refuses, in Telegram's words.
"""
