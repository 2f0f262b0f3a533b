// What pages do with script: dialogs, keys, and small comforts. Everything works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("script");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  let opener = null;

  // Dialogs: what htmx puts into #dlg is shown, and focus goes back to what opened it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target && event.detail.target.id === "dlg") opener = event.detail.elt;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "dlg") return;
    const dialog = event.detail.target.querySelector("dialog");
    if (!dialog || dialog.open) return;
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (opener && opener.isConnected) opener.focus();
    });
    dialog.showModal();
  });
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-close], [data-back], [data-show], [data-copy]");
    if (!target) return;
    if (target.matches("[data-close]")) {
      const dialog = target.closest("dialog");
      if (dialog) { event.preventDefault(); dialog.close(); }
    } else if (target.matches("[data-back]")) {
      if (history.length > 1) { event.preventDefault(); history.back(); }
    } else if (target.matches("[data-show]")) {
      const input = document.getElementById(target.dataset.show);
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      target.textContent = shown ? "Show" : "Hide";
      target.setAttribute("aria-pressed", String(!shown));
    } else {
      navigator.clipboard.writeText(document.getElementById(target.dataset.copy).textContent);
      say("Copied.");
    }
  });

  // A choice that is sent as soon as it is made.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
    if (event.target.matches("[data-single-keys]")) {
      localStorage.setItem("single-keys", event.target.checked ? "on" : "off");
    }
  });

  const say = (text) => { document.getElementById("live").textContent = text; };

  // A refused form says so where the eye is.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.getAttribute("role") === "alert") {
      event.detail.target.scrollIntoView({ block: "nearest" });
    }
  });
  document.addEventListener("htmx:sendError", () => {
    const slot = document.querySelector("dialog[open] [role=alert]") || document.getElementById("alert");
    if (!slot) return;
    slot.textContent = "";
    const box = document.createElement("div");
    box.className = "alert";
    box.textContent = "The server did not answer. What you typed is still here: try again in a moment.";
    slot.append(box);
  });

  // What was said when a run began is old news at its end.
  document.body.addEventListener("run-ended", () => {
    all("main > .notice").forEach((notice) => notice.remove());
  });

  // Keys.
  const singleKeys = () => localStorage.getItem("single-keys") !== "off";
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]");
  const move = (step) => {
    const rows = all("[data-row]");
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    (next.matches("a, button, summary") ? next : next.querySelector("a, button, summary")).focus();
  };
  document.addEventListener("keydown", (event) => {
    const key = event.key;
    if ((event.ctrlKey || event.metaKey) && !event.altKey) {
      const button = key === "Enter" ? "[data-key=run]" : key.toLowerCase() === "s" ? "[data-key=save]" : "";
      const found = button && document.querySelector(button);
      if (found && !document.querySelector("dialog[open]")) { event.preventDefault(); found.click(); }
      return;
    }
    if (event.altKey || typing(event.target) || !singleKeys() || document.querySelector("dialog[open]")) return;
    if (key === "?") { event.preventDefault(); document.getElementById("keys").showModal(); }
    else if (key === "/") {
      const filter = document.querySelector("[data-key=filter]");
      if (filter) { event.preventDefault(); filter.focus(); }
    } else if (key === "j") move(1);
    else if (key === "k") move(-1);
  });
  const box = document.querySelector("[data-single-keys]");
  if (box) box.checked = singleKeys();

  // Folds that are drawn anew stay as they were.
  let open = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    open = all("details[id][open]", event.detail.target).map((each) => each.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  });

  // The editor: variables go where the caret is, and what is not saved is kept in this browser.
  const form = document.querySelector("[data-editor]");
  if (!form) return;
  const text = form.elements.text;
  const draft = `draft-${form.dataset.editor}`;
  const kept = () => all("[data-kept]", form);
  const read = () => Object.fromEntries(kept().map((each) => [each.name, each.value]));
  const write = (values) => kept().forEach((each) => { if (each.name in values) each.value = values[each.name]; });
  const saved = JSON.stringify(Object.fromEntries(kept().map((each) => [each.name, each.matches("select")
    ? (each.querySelector("option[selected]") || each.options[0]).value : each.defaultValue])));
  const mark = () => {
    const now = JSON.stringify(read());
    const differs = now !== saved || form.dataset.changed === "yes";
    document.getElementById("unsaved").hidden = !differs;
    if (now !== saved) localStorage.setItem(draft, now);
    else localStorage.removeItem(draft);
  };
  const changed = () => text.dispatchEvent(new Event("input", { bubbles: true }));
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert], [data-discard], [name=preview]");
    if (!button) return;
    if (button.name === "preview") {
      // What was just typed is previewed for the task that is now wanted, whichever answer is first.
      if (form.elements.preview_task) form.elements.preview_task.value = button.value;
      return;
    }
    if (button.matches("[data-insert]")) {
      text.focus();
      text.setRangeText(button.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    } else {
      write(JSON.parse(saved));
      document.getElementById("draft-note").hidden = true;
      text.focus();
    }
    changed();
  });
  // What the button says: how many tasks; the estimate puts it right where that takes reading.
  const label = () => {
    const chosen = form.querySelector("[name=baseline]:checked");
    const says_so = document.getElementById("run-label");
    if (!chosen || !says_so) return; // without tasks there is nothing to run
    const size = form.elements.sample_size;
    const tasks = Math.max(1, Math.min(Number(size.value) || 1, Number(size.dataset.sampleOf)));
    const says = chosen.value === "Sample" ? `Run ${tasks.toLocaleString("en-US")} task${tasks === 1 ? "" : "s"}` : chosen.dataset.says;
    says_so.textContent = says;
    form.querySelector("[data-said]").value = chosen.value;
  };
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-kept]")) mark();
    if (event.target.name === "baseline" || event.target.name === "sample_size") label();
    // A field of a baseline that is not chosen: it is now.
    const of = event.target.closest(".of-choice");
    const radio = of && of.previousElementSibling.querySelector("input[type=radio]");
    if (radio && !radio.checked && !radio.disabled) { radio.checked = true; label(); }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const to = event.detail.xhr.getResponseHeader("HX-Redirect") || "";
    const done = event.detail.elt === form && event.detail.xhr.status === 204;
    if (done && !to.startsWith("/ui/sign-in")) localStorage.removeItem(draft);
  });
  const before = localStorage.getItem(draft);
  if (before && before !== saved) {
    write(JSON.parse(before));
    document.getElementById("draft-note").hidden = false;
  }
  mark();
})();
