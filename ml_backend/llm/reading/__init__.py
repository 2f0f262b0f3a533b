"""What came back: a body -> the reply in it, a reply's text -> what of it is the answer.

streams.py       a stream -> one body          errors_within.py  an error that came with HTTP 200
replies.py       a body -> text and reasoning  bad_answers.py    an answer the provider refused
reasoning.py     text without thinking         drafts.py         which of several objects is meant
lenient_json.py  JSON that is not strict       answer_object.py  a text -> its object
"""
