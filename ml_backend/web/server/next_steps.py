"""Next steps in the words of the API: its paths and fields."""

from __future__ import annotations

from ml_backend.next_steps import Step, Words, in_words

WORDS: Words = {
    Step.ADD_ENGINE: "Whoever runs the server installs the package xllamacpp beside it.",
    Step.ADD_LOCAL_BY_COMMAND: "Whoever runs the server adds it by command (connections add).",
    Step.ADD_PRICE: "Give the price of {model}: prices of PATCH "
    "/api/model-provider-connections/ID/, or of …/environment/prices for the server's own.",
    Step.ADD_PRICE_OR_DROP_BUDGET: "Give it: prices of PATCH /api/model-provider-connections/ID/, "
    "or of …/environment/prices for the server's own; or leave budget out.",
    Step.ADD_PRICE_OR_LIFT_LIMIT: "Give it: prices of PATCH /api/model-provider-connections/ID/; "
    "or set the connection's budget_limit to null (of the server's own OPENAI_BUDGET is the "
    "budget).",
    Step.ADD_SMALL_MODEL: "Whoever runs the server installs it by command (models add).",
    Step.ALLOW_MORE_OR_MARK_MORE: "Allow more with max_error, name the score yourself with "
    "min_score, or have more ground truth marked and evaluate the cheap version again.",
    Step.ANNOTATE_MORE_OR_ALL_TRUTH: "Annotate more tasks, or leave held_out out.",
    Step.ASK_ALL_AGAIN: "Leave only_missing_predictions out to ask all tasks again.",
    Step.ASK_ONCE: "Leave samples out.",
    Step.ASK_THE_REST: "Start a run with only_missing_predictions and another budget for the rest.",
    Step.ASSOCIATE_PROMPT: "A prompt of another project becomes this one's by PATCH "
    "/api/prompts/ID/ with associated_projects.",
    Step.BUILD_PAGES: "Whoever runs the server brings them: make assets in the folder it was "
    "installed from, then, where pip installed it, the same installation again.",
    Step.CANCEL_RACE: "Wait for its end, or end it: POST …/race/cancel of a version of {prompt}.",
    Step.CANCEL_RUNS: "Wait for their end, or cancel them ({runs}).",
    Step.COMPARE_COMMON: "Or compare on those they have in common: common_only=true.",
    Step.CONFIRM_PROJECT: "If it is meant for this one too: POST "
    "/api/prompts/{prompt}/projects/{project}/rebind. Else make another: POST /api/prompts/ with "
    "associated_projects [{project}].",
    Step.CONNECT_AGAIN: "Connect it once more: POST /api/projects/{project}/connect, or Connect "
    "under Health.",
    Step.CONNECT_PROJECT: "Try it: POST /api/projects/ID/connect.",
    Step.CREATE_PROMPT: "Make one: POST /api/prompts/.",
    Step.CREATE_PROMPT_FOR: "Make one: POST /api/prompts/ with associated_projects [{project}].",
    Step.CREATE_VERSION: "Make a version of '{prompt}': POST /api/prompts/ID/versions.",
    Step.DELETE_LEFTOVERS: "What a lost database left behind is removed by "
    "POST /api/projects/ID/predictions/delete with its model version.",
    Step.DELETE_VERSION: "DELETE without only_unused removes it with its predictions.",
    Step.DRAW_PROMISE: "Draw a promise sample of the version (POST "
    "/api/projects/{project}/promises) and open it when people have labelled it. Without a "
    "promise, give min_score.",
    Step.NAME_ONE_VERSION: "Give model_version with one version of yours.",
    Step.DRAW_AGAIN: "Draw once more: POST /api/projects/ID/promises.",
    Step.END_PROMISE: "Label its tasks and open it (POST …/promises/{promise}/open), or withdraw "
    "it: POST …/promises/{promise}/withdraw.",
    Step.EVALUATE_VERSION: "Start a run of it first, over the subset HasGT or All.",
    Step.GIVE_ADDRESS: "Give its address as url.",
    Step.GET_CONFIDENCE: "Ask the cheap version several times (samples, for its evaluation as for "
    "the cascade), or have it asked how sure it is: its field confidence.",
    Step.GIVE_ERROR_OR_SCORE: "Give max_error, for example 0.05, or min_score, for example 0.9.",
    Step.GIVE_FIELD: "Send it as {field}.",
    Step.GIVE_KEY_AGAIN: "Enter it again: api_key of PATCH "
    "/api/model-provider-connections/{connection}/. Or whoever runs the server sets the "
    "SECRET_KEY before as SECRET_KEY_OLD.",
    Step.GIVE_TOKEN_AGAIN: "A token holds for about an hour: send a new auth_token to PATCH "
    "/api/model-provider-connections/{connection}/, or an api_key, which does not end.",
    Step.GIVE_PROXY_PASSWORD: "Those of a proxy before it belong into the url: "
    "http://user:password@host.",
    Step.LEAVE_FILTER: "When that is meant, leave filters_json out.",
    Step.LIST_CONNECTIONS: "GET /api/model-provider-connections/ lists them.",
    Step.LIST_FAILURES: "GET /api/inference-runs/{run}/failures lists the reasons.",
    Step.LIST_PROMPTS: "GET /api/prompts/ lists them.",
    Step.LIST_RUNS: "A version's are at /api/prompts/ID/versions/ID/inference-runs.",
    Step.MEASURE_ON_ANNOTATIONS: "Measure on submitted annotations (truth: annotations), or mark "
    "some of them: POST /api/projects/ID/ground-truth. Where there are none, annotate tasks in "
    "Label Studio.",
    Step.NAME_MODEL: "Give provider_model_id.",
    Step.NAME_MODEL_FILE: "Whoever runs the server makes a connection with a model file of the "
    "kind GGUF.",
    Step.NAME_ONE_KIND_OF_TASKS: "Give one of task_ids, filters_json and all.",
    Step.NAME_PREDICTIONS_TO_DELETE: "Give model_version, prompt, unversioned, task_ids, "
    "filters_json, or all for every prediction of the project.",
    Step.NAME_PREDICTIONS_TO_PROMOTE: "Give model_version or prompt.",
    Step.NAME_TASKS: "Give task_ids or filters_json.",
    Step.NAME_TASKS_TO_MARK: "Give one of task_ids, filters_json, random and all.",
    Step.NAME_TASKS_TO_PROMOTE: "Give task_ids, filters_json, or all for every task.",
    Step.NEW_RUN: "Start a new run, with only_missing_predictions to ask just what is missing.",
    Step.PREDICT_FIRST: "Get predictions of '{prompt}' first: POST "
    "/api/prompts/ID/versions/ID/inference-runs.",
    Step.RAISE_CONNECTION_BUDGET: "Raise the connection's budget_limit (of the server's own: "
    "OPENAI_BUDGET), or wait for the next period.",
    Step.RESUME_RUN: "Then start a new run: no answer that run {run} has is paid for twice.",
    Step.ROTATE_KEYS: "Where secrets are stored already, whoever runs the server sets the key so "
    "far as SECRET_KEY_OLD beside the new SECRET_KEY, and has all encrypted anew (keys rotate).",
    Step.SAY_ALL_TASKS: "When that is meant, set all to true.",
    Step.SELECT_UNVERSIONED: "Predictions without a version are selected by unversioned: true.",
    Step.SHOW_RUN: "See GET /api/inference-runs/{run}/.",
    Step.START_REVIEW: "Start it: POST /api/projects/ID/review-first with the prompt '{prompt}'.",
    Step.START_SERVER: "Is the server running, with the HOST and PORT given here?",
    Step.STOP_REVIEW: "End that one first: DELETE /api/projects/ID/review-first with the prompt "
    "'{prompt}'.",
    Step.SWITCH_LABEL_STREAM: "POST /api/projects/ID/label-stream with its model version switches "
    "it.",
    Step.TAKE_BACK_FOLLOWED: "What of it nobody touched can be taken back: POST "
    "/api/projects/{project}/follows/take-back with the prompt '{prompt}'.",
    Step.TRUST_CERTIFICATE: "Whoever runs this server sets SSL_CERT_FILE=/path/ca.pem for it, a "
    "file with the certificate of the authority that signed it or with its own, and starts it "
    "again.",
    Step.USE_CUSTOM_SUBSET: "Use project_subset Custom.",
    Step.WAIT_OR_RAISE_CALLS: "It begins anew at midnight UTC; whoever runs the server may "
    "raise PAID_CALLS_PER_USER of its environment.",
}


def for_api(text: str) -> str:
    """Return a text with its next steps as paths and fields."""
    return in_words(text, WORDS)
