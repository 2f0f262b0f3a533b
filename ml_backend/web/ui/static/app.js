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

  // The menu is open where there is room for it.
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
})();
