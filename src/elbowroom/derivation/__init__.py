"""Interpreter 1: derive the optimum of a functional, and check identities."""
