// Shows a task in Label Studio's editor without loading its page again: what its data manager does
// (lsf-sdk.js), with the settings the data manager of the page that is open gave to the editor.
async ([project, task, config]) => {
  const call = async (path, options) => {
    const answer = await fetch(path, options);
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const found = await call(`/api/tasks/${task}/?project=${project}`);
  const predictions = found.predictions.map((each) => ({
    ...each,
    id: undefined,
    pk: String(each.id),
    createdAgo: each.created_ago,
    createdBy: each.model_version?.trim() ?? "",
    createdDate: each.created_at,
  }));
  if (window.dataManager) {
    // After a submission it lets its editor go for a moment.
    while (!dataManager.lsf?.lsfInstance) await new Promise((done) => setTimeout(done, 10));
    const given = Object.entries(dataManager.lsf.lsfInstance.options);
    window.settingsOfThePage = Object.fromEntries(given.filter(([name]) => !/^on[A-Z]/.test(name)));
    dataManager.destroy();
    delete window.dataManager;
    for (const each of document.body.children) each.style.display = "none";
  } else {
    LabelStudio.destroyAll();
  }
  document.getElementById("shown-task")?.remove();
  const root = document.createElement("div");
  root.id = "shown-task";
  document.body.append(root);
  delete window.Htx;
  new LabelStudio(root, {
    ...settingsOfThePage,
    config,
    task: { ...found, annotations: [], predictions },
    onStorageInitialized: ({ annotationStore: store }) =>
      store.selectAnnotation(store.addAnnotationFromPrediction(store.predictions[0]).id),
    onSubmitAnnotation: async (_, annotation) => {
      const token = document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? "";
      const stored = await call(`/api/tasks/${task}/annotations/?project=${project}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify({
          result: annotation.serializeAnnotation() ?? [],
          draft_id: annotation.draftId,
          parent_prediction: annotation.parent_prediction,
          parent_annotation: annotation.parent_annotation,
        }),
      });
      annotation.updatePersonalKey(String(stored.id));
    },
  });
}
