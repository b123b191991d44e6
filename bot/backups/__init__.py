"""Backups: taken while the program writes, of use to nobody without the owner's passphrase, and put back so that
whoever was forgotten meanwhile stays forgotten (docs/decisions/0024).
"""
