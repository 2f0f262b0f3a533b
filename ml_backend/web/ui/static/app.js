// What pages do with script: dialogs, keys, and small comforts. Everything works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Without htmx nothing on a page moves by itself, so it is the one that browsers without script get, noscript included.
  const reload = (seconds) => setTimeout(() => {
    if (typing(document.activeElement) || document.querySelector("dialog[open]")) reload(seconds);
    else location.replace(location.pathname + location.search);
  }, seconds * 1000);
  const plain = () => {
    for (const each of all("noscript")) {
      const inside = new DOMParser().parseFromString(each.textContent, "text/html");
      const refresh = inside.querySelector("meta[http-equiv=refresh]");
      if (refresh) reload(Number(refresh.content));
      else each.replaceWith(...inside.body.childNodes);
    }
    all("[aria-busy]").forEach((each) => each.removeAttribute("aria-busy"));
  };
  if (window.htmx) root.classList.add("script");
  else plain();
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

  // What is wrong in Label Studio is opened there while it is decided here.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.opens) window.open(event.target.dataset.opens, "_blank", "noopener");
  }, true);

  // A price that is typed is no change of the form it stands in.
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => { if (event.target.closest(".price")) event.stopPropagation(); }, true);
  }

  // A choice that is sent as soon as it is made.
  // A slider and its number say the same.
  document.addEventListener("input", (event) => {
    const slider = document.querySelector("[data-slides]");
    if (event.target.matches("[data-slides]")) document.getElementById(event.target.dataset.slides).value = event.target.value;
    else if (slider && event.target.matches("[data-slid]")) slider.value = event.target.value;
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
    if (event.target.matches("[data-single-keys]")) {
      localStorage.setItem("single-keys", event.target.checked ? "on" : "off");
    }
  });

  const pressed = (detail) => /^(click|submit)$/.test(detail.requestConfig.triggeringEvent?.type);
  const say = (text) => { document.getElementById("live").textContent = text; };

  // Whatever is pressed shows at once that it works, and is not pressed twice until it has its answer.
  // What is wrong in a form its server says, beside it and in our words: no bubble of the browser's.
  const LONGEST_FORM = 30000, LONGEST_LINK = 5000;
  const release = (elt) => {
    clearTimeout(Number(elt.dataset.works));
    // A button may stand outside of its form.
    const own = [...(elt.elements || [])].filter((each) => each.dataset.works === "part");
    for (const each of [elt, ...own, ...all("[data-works=part]", elt)]) {
      delete each.dataset.works;
      each.removeAttribute("aria-busy");
    }
  };
  const works = (elt, shown, longest) => {
    shown.dataset.works = "part";
    shown.setAttribute("aria-busy", "true");
    // An answer that never comes, as one that is a file, leaves no dead button behind.
    elt.dataset.works = setTimeout(release, longest, elt);
  };
  const refuse = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("a[href], button");
    if (!pressed) return;
    if (pressed.matches("button")) {
      if (pressed.dataset.works) refuse(event);
      else if (pressed.form) pressed.form.noValidate = true;
      return;
    }
    const elsewhere = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || pressed.target;
    if (elsewhere || pressed.matches("[download], [href^='#'], [data-close], [data-back]")) return;
    if (pressed.dataset.works) refuse(event);
    else works(pressed, pressed, LONGEST_LINK);
  }, true);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.works) return refuse(event);
    if (form.getAttribute("method") === "dialog" || form.target) return;
    works(form, event.submitter || form.querySelector("[data-submit], button:not([type=button])") || form, LONGEST_FORM);
  }, true);
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (pressed(event.detail) && !elt.dataset.works) works(elt, elt, LONGEST_FORM);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.xhr?.getResponseHeader("HX-Redirect")) release(event.detail.elt);
  });
  document.addEventListener("htmx:validation:halted", (event) => release(event.detail.elt));
  // Esc stops what a browser loads; going back shows a page as it was left.
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") all("[data-works]").forEach(release); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) all("[data-works]").forEach(release); });

  // A row of results opens wherever one presses it, unless on a link of its own or to mark text.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (!row || event.target.closest("a, button, input, label, summary") || String(getSelection())) return;
    const sign = row.querySelector("[data-unfold]");
    sign?.focus({ preventScroll: true });
    sign?.click();
  });

  // The editor that is folded above results opens where somebody writes, and stays open until it is folded.
  const unfolded = document.getElementById("editor-open");
  if (unfolded) {
    const keep = () => {
      if (unfolded.checked) sessionStorage.setItem("editor-open", location.pathname);
      else sessionStorage.removeItem("editor-open");
    };
    unfolded.addEventListener("change", keep);
    if (sessionStorage.getItem("editor-open") === location.pathname) unfolded.checked = true;
    document.getElementById("text")?.addEventListener("focus", () => { unfolded.checked = true; keep(); });
    document.addEventListener("htmx:beforeRequest", (event) => {
      const by = event.detail.requestConfig.triggeringEvent?.submitter;
      if (by && by.matches("[data-key=run]")) sessionStorage.removeItem("editor-open");
    });
  }

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
    if (pressed(event.detail)) return tell("The server did not answer. What you typed is still here: try again in a moment.", "press");
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
      all("[data-passing]").forEach((each) => {
        if (pressed(event.detail) || !/press|again/.test(each.dataset.passing)) return each.remove();
        // What was pressed and not answered is no error any more, and is not known to be done.
        each.dataset.passing = "again";
        each.className = "notice";
        each.textContent = "The server answers again. Look whether what you pressed was done; if not, press it once more.";
      });
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
  // Within a row: up and down to its neighbours, right opens it, left folds it.
  const arrow = (event) => {
    const row = event.target.closest("tr[data-row]");
    if (!row || event.shiftKey) return;
    const sign = row.querySelector("[data-unfold]");
    const open = sign?.getAttribute("aria-expanded") === "true";
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (sign && open === (event.key === "ArrowLeft")) {
      event.preventDefault();
      sign.click();
    }
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
    else if (/^Arrow(Up|Down|Left|Right)$/.test(key)) arrow(event);
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
    if (target.contains(document.activeElement)) focused = [document.activeElement.id, target.id];
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (typed.size) {
      for (const each of fields(document).filter((each) => typed.has(named(each)))) {
        each[ticked(each) ? "checked" : "value"] = typed.get(named(each));
      }
      typed = new Map();
    }
    // What had it, which may have been in a fold that was shut until now; else all that was drawn anew.
    const place = focused && document.activeElement === document.body
      && focused.map((id) => id && document.getElementById(id)).find((each) => each);
    if (!place) return;
    if (place.id === focused[1]) place.tabIndex = -1;
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
    if (event.detail.elt !== form || event.detail.xhr.status !== 204 || to.startsWith("/ui/sign-in")) return;
    localStorage.removeItem(draft);
    // It may have been saved as another version than the one that is shown.
    const version = new URLSearchParams(to.split("?")[1]).get("version");
    const now = JSON.stringify(read());
    if (now !== sent) localStorage.setItem(version ? draft.replace(/\d+$/, version) : draft, now);
  });
  const before = localStorage.getItem(draft);
  if (before && before !== saved) {
    write(JSON.parse(before));
    document.getElementById("draft-note").hidden = false;
    if (unfolded) unfolded.checked = true;
  }
  mark();
})();
