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

  // A price that is typed is no change of the form it stands in.
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => { if (event.target.closest(".price")) event.stopPropagation(); }, true);
  }

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
  const slot = () => document.querySelector("dialog[open] [role=alert]") || document.getElementById("alert");
  const tell = (text, passing = "", link = "") => {
    const place = slot();
    if (!place || (passing && place.querySelector(`[data-passing=${passing}]`))) return;
    const box = document.createElement("div");
    box.className = "alert";
    box.textContent = text;
    if (passing) box.dataset.passing = passing;
    if (link) box.append(" ", Object.assign(document.createElement("a"), { href: link, textContent: "Sign in" }));
    place.replaceChildren(box);
  };

  // What a page asks by itself, when it opens, as time goes by or while somebody types, takes nothing away:
  // where no answer came it asks again, and a session that ended is said, not left for.
  const pressed = (detail) => /^(click|submit)$/.test(detail.requestConfig.triggeringEvent?.type);
  const waiting = new Set();
  const again = (elt) => {
    const verb = ["get", "post"].find((each) => elt.hasAttribute(`hx-${each}`));
    if (!verb || waiting.has(elt)) return;
    waiting.add(elt);
    setTimeout(() => {
      waiting.delete(elt);
      if (elt.isConnected) htmx.ajax(verb, elt.getAttribute(`hx-${verb}`), { source: elt }).catch(() => {});
    }, 3000);
  };
  const unanswered = (event) => {
    if (pressed(event.detail)) return tell("The server did not answer. What you typed is still here: try again in a moment.");
    tell("The server does not answer. This page asks again by itself; what you typed is still here.", "silence");
    again(event.detail.elt);
  };
  document.addEventListener("htmx:sendError", unanswered);
  document.addEventListener("htmx:timeout", unanswered);
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const to = event.detail.xhr.getResponseHeader("HX-Redirect") || "";
    if (!to.startsWith("/ui/sign-in") || pressed(event.detail)) return;
    event.preventDefault();
    tell("Your session has ended. What you typed is still here.", "session", to);
    again(event.detail.elt);
  });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    const { elt, xhr } = event.detail;
    if (xhr.status >= 500 && !pressed(event.detail)) again(elt);
    else if (xhr.status < 400 && !xhr.getResponseHeader("HX-Redirect") && !waiting.size) {
      all("[data-passing]").forEach((each) => each.remove());
    }
  });

  // An error takes no part of the page away; one that is none of ours is said in our words.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt, xhr, requestConfig } = event.detail;
    if (xhr.status < 400) return;
    if (!xhr.getResponseHeader("Content-Security-Policy")) {
      event.detail.shouldSwap = false;
      unanswered(event);
    } else if (!xhr.getResponseHeader("HX-Retarget") && requestConfig.elt.closest("[hx-swap]")?.getAttribute("hx-swap") === "outerHTML") {
      event.detail.target = slot();
      event.detail.swapOverride = "innerHTML";
    }
  });

  // A panel that was made while a run went on, on a page that follows none: its end came between.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "panel" || document.querySelector("#run[hx-get]")) return;
    if (document.querySelector("#panel[data-going]")) setTimeout(() => htmx.trigger(document.body, "run-ended"), 1000);
  });

  // A price that was just given is missed no more.
  document.body.addEventListener("price-given", () => all(".trial .price").forEach((each) => each.remove()));

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

  // What is drawn anew stays as it was: open folds, what was typed or chosen and not sent, and where the focus is.
  const ticked = (field) => field.matches("[type=checkbox], [type=radio]");
  const differs = (field) => field.matches("select") ? [...field.options].some((each) => each.selected !== each.defaultSelected)
    : ticked(field) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  const named = (field) => JSON.stringify([field.form?.getAttribute("action"), field.name, ticked(field) ? field.value : ""]);
  const fields = (within) => all("input:not([type=hidden]), select, textarea", within);
  let open = [], typed = new Map(), focused = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    open = all("details[id][open]", target).map((each) => each.id);
    typed = new Map();
    focused = null;
    if (pressed(event.detail)) return;
    fields(target).filter(differs).forEach((each) => typed.set(named(each), ticked(each) ? each.checked : each.value));
    if (target.contains(document.activeElement)) focused = target.id;
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (typed.size) {
      for (const each of fields(document).filter((each) => typed.has(named(each)))) {
        each[ticked(each) ? "checked" : "value"] = typed.get(named(each));
      }
      typed = new Map();
    }
    const place = focused && document.activeElement === document.body && document.getElementById(focused);
    if (!place) return;
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
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
  // What is typed between pressing and the answer was not sent, so it is still a draft.
  let sent = "";
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt === form) sent = JSON.stringify(read());
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const to = event.detail.xhr.getResponseHeader("HX-Redirect") || "";
    const done = event.detail.elt === form && event.detail.xhr.status === 204 && JSON.stringify(read()) === sent;
    if (done && !to.startsWith("/ui/sign-in")) localStorage.removeItem(draft);
  });
  const before = localStorage.getItem(draft);
  if (before && before !== saved) {
    write(JSON.parse(before));
    document.getElementById("draft-note").hidden = false;
  }
  mark();
})();
