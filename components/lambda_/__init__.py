"""The machines of a stack in Lambda Cloud; the folder cannot carry the name itself, which is a word of Python."""
