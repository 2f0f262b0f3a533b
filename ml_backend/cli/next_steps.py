"""Next steps in the words of the command line."""

from __future__ import annotations

from ml_backend.next_steps import Step, Words, in_words

WORDS: Words = {
    Step.ADD_ENGINE: "Install it: `pip install xllamacpp`, or `pip install '.[local]'` in the "
    "source folder.",
    Step.ADD_LOCAL_BY_COMMAND: "Add it here: `ls-prompts connections add --provider Local --model "
    "path/to/model.gguf`.",
    Step.ADD_PRICE: "Give it: `ls-prompts connections price CONNECTION '{model}=IN,OUT'` (dollars "
    "per million tokens, 0,0 for a server of your own), or OPENAI_PRICE=IN,OUT for the "
    "environment's connection.",
    Step.ADD_PRICE_OR_DROP_BUDGET: "Give it (`ls-prompts connections price CONNECTION "
    "MODEL=IN,OUT`, 0,0 for a server of your own; OPENAI_PRICE=IN,OUT for the environment's "
    "connection), or leave --budget.",
    Step.ADD_PRICE_OR_LIFT_LIMIT: "Give it (`ls-prompts connections price CONNECTION "
    "MODEL=IN,OUT`, 0,0 for a server of your own), or take the connection's budget away "
    "(`ls-prompts connections budget CONNECTION --unlimited`; of the environment's connection "
    "unset OPENAI_BUDGET).",
    Step.ADD_SMALL_MODEL: "`ls-prompts models add smollm2` installs it; a model of your own is "
    "named by --model path/to/model.gguf.",
    Step.ALLOW_MORE_OR_MARK_MORE: "Allow more with --max-error, name the score yourself with "
    "--min-score, or have more ground truth marked and evaluate the cheap version again.",
    Step.ANNOTATE_MORE_OR_ALL_TRUTH: "Annotate more tasks, or evaluate on all ground truth with "
    "--all-ground-truth.",
    Step.ASK_ALL_AGAIN: "Run without --only-missing to ask all tasks again.",
    Step.ASK_ONCE: "Leave --samples out.",
    Step.ASK_THE_REST: "Start a run with --only-missing and another --budget for the rest.",
    Step.ASSOCIATE_PROMPT: "A prompt of another project becomes this one's by `ls-prompts connect "
    "--project {project} --prompt PROMPT`.",
    Step.BUILD_PAGES: "`make assets` in the source folder brings them; where pip installed this, "
    "then also `pip install --force-reinstall --no-deps .` there.",
    Step.CANCEL_RACE: "Wait for its end, or end it: `ls-prompts versions race '{prompt}' "
    "--cancel`.",
    Step.CANCEL_RUNS: "Wait for their end, or cancel: `ls-prompts runs cancel ID` ({runs}).",
    Step.COMPARE_COMMON: "Or compare on those they have in common: --common.",
    Step.CONFIRM_PROJECT: "If it is meant for this one too: `ls-prompts prompts rebind {prompt} "
    "--project {project}`. Else make another: `ls-prompts prompts create TITLE --project "
    "{project}`.",
    Step.CONNECT_AGAIN: "Connect it once more: `ls-prompts connect --project {project}`.",
    Step.CONNECT_PROJECT: "Try it: `ls-prompts connect --project P`.",
    Step.CREATE_PROMPT: "Make one: `ls-prompts prompts create`.",
    Step.CREATE_PROMPT_FOR: "Make one: `ls-prompts prompts create TITLE --project {project}`.",
    Step.CREATE_VERSION: "Make one: `ls-prompts versions create '{prompt}' --text …`.",
    Step.DELETE_LEFTOVERS: "What a lost database left behind is removed by "
    "`ls-prompts predictions delete --project P --model-version L`.",
    Step.DELETE_VERSION: "`ls-prompts versions delete PROMPT VERSION` deletes it with its "
    "predictions.",
    Step.DRAW_PROMISE: "Draw a promise sample of the version (`ls-prompts promises draw --project "
    "{project}`) and open it when people have labelled it. Without a promise, name a lowest score: "
    "--min-score.",
    Step.NAME_ONE_VERSION: "Name one version of yours: --model-version L, as "
    "`ls-prompts predictions list` shows it.",
    Step.DRAW_AGAIN: "Draw once more: `ls-prompts promises draw`.",
    Step.END_PROMISE: "Label its tasks and open it (`ls-prompts promises open {promise}`), or "
    "withdraw it: `ls-prompts promises withdraw {promise}`.",
    Step.EVALUATE_VERSION: "Evaluate it first: `ls-prompts evaluate`; or get its predictions: "
    "`ls-prompts run`.",
    Step.GIVE_ADDRESS: "`ls-prompts serve` starts it; give its address with --url; "
    "`ls-prompts doctor` says more.",
    Step.GET_CONFIDENCE: "Ask the cheap version several times (`--samples 5`, for its evaluation "
    "as for the cascade), or have it asked how sure it is (a version's confidence).",
    Step.GIVE_ERROR_OR_SCORE: "For example `--max-error 0.05`, or `--min-score 0.9`.",
    Step.GIVE_FIELD: "Give it by --{option}.",
    Step.GIVE_KEY_AGAIN: "Enter it again (`ls-prompts connections key {connection}`), or set the "
    "SECRET_KEY before as SECRET_KEY_OLD.",
    Step.GIVE_TOKEN_AGAIN: "A token holds for about an hour: get a new one and enter it "
    "(`ls-prompts connections key {connection}`), or give the connection a key, which does not "
    "end.",
    Step.GIVE_PROXY_PASSWORD: "Those of a proxy before it belong into the address: "
    "--url http://user:password@host.",
    Step.LEAVE_FILTER: "When that is meant, leave --filter.",
    Step.LIST_CONNECTIONS: "`ls-prompts connections list` shows them, "
    "`ls-prompts connections add` makes one.",
    Step.LIST_FAILURES: "`ls-prompts runs failures {run}` lists the reasons.",
    Step.LIST_PROMPTS: "`ls-prompts prompts list` shows them.",
    Step.LIST_RUNS: "`ls-prompts runs list` shows them.",
    Step.MEASURE_ON_ANNOTATIONS: "Measure on submitted annotations (--truth annotations), or mark "
    "some of them: `ls-prompts ground-truth add`. Where there are none, annotate tasks in Label "
    "Studio.",
    Step.NAME_MODEL: "Name one with --model, or set OPENAI_MODEL.",
    Step.NAME_MODEL_FILE: "Name a model file of the kind GGUF, for example --model "
    "path/to/model.gguf; without one the small model answers (`ls-prompts models add smollm2`).",
    Step.NAME_ONE_KIND_OF_TASKS: "Give one of --tasks, --filter and --all.",
    Step.NAME_PREDICTIONS_TO_DELETE: "Give --model-version L, --prompt T, --unversioned, "
    "--tasks 1,2, --filter JSON, or --all for every prediction of the project.",
    Step.NAME_PREDICTIONS_TO_PROMOTE: "Name a model version (--model-version L) or a prompt "
    "(--prompt T).",
    Step.NAME_TASKS: "Name them with --tasks 1,2,3 or with --filter JSON.",
    Step.NAME_TASKS_TO_MARK: "Give one of --tasks 1,2, --filter JSON, --random N and --all.",
    Step.NAME_TASKS_TO_PROMOTE: "Give --tasks 1,2, --filter JSON, or --all for every task.",
    Step.NEW_RUN: "Start a new run, with --only-missing to ask just the tasks that "
    "have no prediction of this version.",
    Step.PREDICT_FIRST: "Get predictions first: `ls-prompts run '{prompt}' --project ID`.",
    Step.RAISE_CONNECTION_BUDGET: "Raise it with `ls-prompts connections budget` (that of the "
    "environment's connection is OPENAI_BUDGET), or wait for the next period.",
    Step.RESUME_RUN: "Then: `ls-prompts runs resume {run}`.",
    Step.ROTATE_KEYS: "Where secrets are stored already, set the key so far as SECRET_KEY_OLD "
    "beside the new SECRET_KEY, start anew and run `ls-prompts keys rotate`.",
    Step.SAY_ALL_TASKS: "When that is meant, say it with --all.",
    Step.SELECT_UNVERSIONED: "Predictions without a version are selected by --unversioned.",
    Step.SHOW_RUN: "See `ls-prompts runs show {run}`.",
    Step.START_REVIEW: "Start it: `ls-prompts predictions review-first '{prompt}' --project ID`.",
    Step.START_SERVER: "Is the server running? `ls-prompts serve`, with the same HOST and PORT as "
    "here.",
    Step.STOP_REVIEW: "End that one first: `ls-prompts predictions review-first '{prompt}' "
    "--project ID --stop`.",
    Step.SWITCH_LABEL_STREAM: "`ls-prompts predictions show` switches it.",
    Step.TAKE_BACK_FOLLOWED: "`ls-prompts prompts follow '{prompt}' --project {project} "
    "--take-back` takes back those that nobody touched.",
    Step.TRUST_CERTIFICATE: "Set SSL_CERT_FILE=/path/ca.pem, a file with the certificate of the "
    "authority that signed it, or with its own.",
    Step.USE_CUSTOM_SUBSET: "Use --subset Custom.",
    Step.WAIT_OR_RAISE_CALLS: "It begins anew at midnight UTC; whoever runs the server may raise "
    "PAID_CALLS_PER_USER.",
}


def for_command_line(text: str) -> str:
    """Return a text with its next steps as commands and options."""
    return in_words(text, WORDS)
