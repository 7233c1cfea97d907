"""Backups of data services, and the proof that they restore: a program of the standard library alone.

It runs in pods, beside restic and the services' own clients. What it is told comes by its environment; what it has done
is one line of JSON, the last of its output.
"""
