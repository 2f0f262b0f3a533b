"""Next steps in the words of the pages: buttons, fields and where they are."""

from __future__ import annotations

from ml_backend.next_steps import Step, Words, in_words

WORDS: Words = {
    Step.ADD_ENGINE: "Whoever runs the server installs the package xllamacpp beside it.",
    Step.ADD_LOCAL_BY_COMMAND: "Whoever runs the server adds it by command (connections add).",
    Step.ADD_PRICE: "Give the price of {model} under Connections (dollars per million tokens, 0 "
    "for a server of your own).",
    Step.ADD_PRICE_OR_DROP_BUDGET: "Give it beside the estimate or under Connections (0 for a "
    "server of your own), or leave Stop at empty.",
    Step.ADD_PRICE_OR_LIFT_LIMIT: "Give it beside the estimate or under Connections (0 for a "
    "server of your own), or take the connection's budget away there (that of the server's own is "
    "OPENAI_BUDGET of its environment).",
    Step.ADD_SMALL_MODEL: "Whoever runs the server installs it by command (models add).",
    Step.ALLOW_MORE_OR_MARK_MORE: "Allow more errors, name the score yourself, or have more ground "
    "truth marked and evaluate the cheap version again.",
    Step.ANNOTATE_MORE_OR_ALL_TRUTH: "Annotate more tasks in Label Studio, or measure on all "
    "ground truth.",
    Step.ASK_ALL_AGAIN: "Leave “Only tasks without a prediction of this version” unticked to "
    "ask all tasks again.",
    Step.ASK_ONCE: "Ask for one answer a task.",
    Step.ASK_THE_REST: "Start another run, with more at Stop at, for the rest.",
    Step.ASSOCIATE_PROMPT: "A prompt of another project becomes this one's by Edit, on its page.",
    Step.BUILD_PAGES: "Whoever runs the server brings them: make assets in the folder it was "
    "installed from, then, where pip installed it, the same installation again.",
    Step.CANCEL_RACE: "Wait for its end, or press Cancel on its page: Which model?, on the page of "
    "{prompt}.",
    Step.CANCEL_RUNS: "Wait for their end, or cancel them on the prompt's page ({runs}).",
    Step.COMPARE_COMMON: "Or compare on those they have in common.",
    Step.CONFIRM_PROJECT: "If it is meant for this one too, press Use for This Project on the "
    "prompt's page. Else make another: Create Prompt is under Prompts.",
    Step.CONNECT_AGAIN: "Press Connect, or Check and mend, of the project under Health.",
    Step.CONNECT_PROJECT: "Connect one on this page.",
    Step.CREATE_PROMPT: "Create Prompt is under Prompts.",
    Step.CREATE_PROMPT_FOR: "Create Prompt is under Prompts.",
    Step.CREATE_VERSION: "Write one on the page of {prompt} and save it.",
    Step.DELETE_LEFTOVERS: "What a lost database left behind is removed by Delete Predictions, "
    "under Predictions.",
    Step.DELETE_VERSION: "Delete, in Versions, removes it with its predictions.",
    Step.DRAW_PROMISE: "Draw a promise sample of the version, under Accept, and open it when "
    "people have labelled it.",
    Step.NAME_ONE_VERSION: "Choose one version.",
    Step.DRAW_AGAIN: "Draw once more, under Accept.",
    Step.END_PROMISE: "Label the tasks of promise sample {promise} and open it, or withdraw it, "
    "under Accept.",
    Step.EVALUATE_VERSION: "Evaluate it first, or get its predictions for all tasks.",
    Step.GIVE_ADDRESS: "Give its address here; Health says more.",
    Step.GET_CONFIDENCE: "Ask the cheap version for several answers a task when you evaluate it, "
    "or have it asked how sure it is, by its confidence.",
    Step.GIVE_ERROR_OR_SCORE: "Fill in the error allowed, or the score.",
    Step.GIVE_FIELD: "Fill in “{label}”.",
    Step.GIVE_KEY_AGAIN: "Enter it again: Edit, under Connections. Or whoever runs the server sets "
    "the SECRET_KEY before as SECRET_KEY_OLD.",
    Step.GIVE_TOKEN_AGAIN: "A token holds for about an hour: enter a new one, or a key, which does "
    "not end: Edit, under Connections.",
    Step.GIVE_PROXY_PASSWORD: "Those of a proxy before it belong into the address: "
    "http://user:password@host.",
    Step.LEAVE_FILTER: "When that is meant, choose all tasks.",
    Step.LIST_CONNECTIONS: "They are under Connections, and so is Add Connection.",
    Step.LIST_FAILURES: "Results, filtered by Has error, lists the reasons.",
    Step.LIST_PROMPTS: "They are under Prompts.",
    Step.LIST_RUNS: "A prompt's are in its History.",
    Step.MEASURE_ON_ANNOTATIONS: "Measure on submitted annotations, or mark some of them under "
    "Ground truth. Where there are none, annotate tasks in Label Studio.",
    Step.NAME_MODEL: "Name one.",
    Step.NAME_MODEL_FILE: "Whoever runs the server makes a connection with a model file of the "
    "kind GGUF.",
    Step.NAME_ONE_KIND_OF_TASKS: "Choose ids, a tab of the Data Manager, or all tasks.",
    Step.NAME_PREDICTIONS_TO_DELETE: "Choose a model version, a prompt, or tasks.",
    Step.NAME_PREDICTIONS_TO_PROMOTE: "Choose a model version or a prompt.",
    Step.NAME_TASKS: "Write their ids, or choose a tab of the Data Manager.",
    Step.NAME_TASKS_TO_MARK: "Tick tasks, draw some at random, or take all.",
    Step.NAME_TASKS_TO_PROMOTE: "Write their ids, choose a tab of the Data Manager, or all tasks.",
    Step.NEW_RUN: "Start a new run: the same question is never paid for twice.",
    Step.PREDICT_FIRST: "Get predictions of {prompt} first: Predict all, on its page.",
    Step.RAISE_CONNECTION_BUDGET: "Raise it under Connections (that of the server's own is "
    "OPENAI_BUDGET of its environment), or wait for the next period.",
    Step.RESUME_RUN: "Then press Resume.",
    Step.ROTATE_KEYS: "Where secrets are stored already, whoever runs the server sets the key so "
    "far as SECRET_KEY_OLD beside the new SECRET_KEY, and has all encrypted anew (keys rotate).",
    Step.SAY_ALL_TASKS: "When that is meant, choose all tasks.",
    Step.SELECT_UNVERSIONED: "Predictions without a version are a choice of their own.",
    Step.SHOW_RUN: "See it in History.",
    Step.START_REVIEW: "Send tasks of {prompt} to people first, under Accept.",
    Step.START_SERVER: "Is the server running, with the HOST and PORT given here?",
    Step.STOP_REVIEW: "End the review of {prompt} first, under Accept.",
    Step.SWITCH_LABEL_STREAM: "Show in label stream, under Predictions, switches it.",
    Step.TAKE_BACK_FOLLOWED: "What of it nobody touched can be taken back through the API, "
    "for {prompt} in project {project}.",
    Step.TRUST_CERTIFICATE: "Whoever runs this server sets SSL_CERT_FILE=/path/ca.pem for it, a "
    "file with the certificate of the authority that signed it or with its own, and starts it "
    "again.",
    Step.USE_CUSTOM_SUBSET: "Choose tasks of your own.",
    Step.WAIT_OR_RAISE_CALLS: "It begins anew at midnight UTC; whoever runs the server may "
    "raise PAID_CALLS_PER_USER of its environment.",
}


def for_pages(text: str) -> str:
    """Return a text with its next steps as buttons and fields."""
    return in_words(text, WORDS)
