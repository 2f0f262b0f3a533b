"""A model on this machine: llama.cpp in a process of its own, which we start, watch and stop.

model_file.py which file, and what is wrong with it    child.py   the process, seen from the server
serving.py    the process itself, nothing of ours      confined.py   what it is told, and we of it
"""
