"""What model servers say when they refuse, a module a kind; ``judging.py`` asks them in turn.

reading.py   a body of any shape -> its sentence, codes   account.py   key, money, model, region
content.py   what concerns one task alone                 roles.py     models without a system role
endpoint.py  no chat completion behind the address        limits.py    how long to wait, if at all
trouble.py   what it comes to                         echoes.py    what it quotes of task or answer
"""
