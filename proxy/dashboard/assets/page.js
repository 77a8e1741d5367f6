// Keeps a view fresh, shows times in the reader's zone, copies texts. Without it
// the page reads the same.
"use strict";

const state = document.getElementById("live-state"), stale = document.getElementById("stale"), made = document.getElementById("fresh");
const failure = document.getElementById("failure"); // there is something to show only when this is gone
let busy = false, again = false, failed = false;

// A page that is slow to make is asked for less often: many open pages in an
// incident must not take the guard's time.

// Parts marked data-live are replaced by the server's new ones, but not where
// someone types, has opened something or has selected text.
function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  const start = performance.now();
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.responseType = "document";
  request.timeout = 10000;
  request.onloadend = () => {
    const rest = Math.min(Math.max(10 * (performance.now() - start), 500), 15000);
    setTimeout(() => { busy = false; if (again) { again = false; refresh(); } }, rest);
    const fresh = request.response?.getElementById("fresh"); // a login page of a proxy in front has none
    if (failure && fresh && request.status === 200) { location.reload(); return; }
    failed = !fresh || request.status !== 200 && !failure;
    if (!failed) {
      made.dateTime = fresh.dateTime;
      made.dataset.version = fresh.dataset.version;
      replace(request.response);
    }
    tell();
  };
  request.send();
}

function replace(fresh) {
  const selection = document.getSelection();
  for (const old of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(old.id);
    if (!next || next.isEqualNode(old)) continue;
    if (!selection.isCollapsed && selection.containsNode(old, true)) continue;
    const active = old.contains(document.activeElement) ? document.activeElement : null;
    const place = active ? [...old.querySelectorAll("a, button")].indexOf(active) : -1;
    const kept = document.adoptNode(next);
    times(kept);
    old.replaceWith(kept);
    if (place >= 0) kept.querySelectorAll("a, button")[place]?.focus({ preventScroll: true });
  }
}

// times writes moments in the reader's zone, and lengths of time anew.
function times(root) {
  for (const t of root.querySelectorAll("time")) {
    const at = new Date(t.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const words = clock(at);
    if ("ago" in t.dataset) { t.title = words; t.textContent = ago(at); }
    else if ("short" in t.dataset) { t.title = words; t.textContent = short(at, words); }
    else t.textContent = words;
  }
}

const two = (n) => String(n).padStart(2, "0");
const clock = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;

function short(at, words) {
  const age = Date.now() - at;
  if (age < 20 * 3600e3) return words.slice(11, 16);
  return age < 8 * 24 * 3600e3 ? words.slice(5, 16) : words.slice(0, 10);
}

function ago(at) {
  const s = (Date.now() - at) / 1000;
  if (s < -60) return "in " + span(-s);
  return s < 5 ? "now" : span(s) + " ago";
}

function span(s) {
  if (s < 60) return Math.floor(s) + " s";
  if (s < 3600) return Math.floor(s / 60) + " min";
  if (s < 48 * 3600) return Math.floor(s / 3600) + " h";
  return Math.floor(s / 86400) + " days";
}

let connected = false, stream;
function tell() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";
  const word = failed ? "not fresh" : connected ? "live" : "connecting";
  state.textContent = `${word} · times in ${zone}`;
  state.classList.toggle("off", failed || !connected);
  if (failed) times(stale);
  stale.hidden = !failed;
}

// The stream says when something is new, also what came between the page's making
// and now. Where it breaks, a refresh finds out whether the guard is still there.
function connect() {
  stream = new EventSource("/live?seen=" + encodeURIComponent(made.dataset.version));
  stream.addEventListener("open", () => { if (!connected) { connected = true; if (failed) refresh(); tell(); } });
  stream.addEventListener("error", () => {
    connected = false;
    tell();
    refresh();
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 30000);
  });
  stream.addEventListener("news", () => { clearTimeout(soon); soon = setTimeout(refresh, 150); });
}
let soon = 0;
connect();
setInterval(() => { if (!document.hidden) refresh(); }, 30000);
setInterval(() => times(document), 10000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

// A menu that a pointer changes shows its view at once. By keyboard each step
// through a menu is a change: its view waits for the enter key, or the button. An
// exact time is chosen in the reader's zone and asked for in UTC.
for (const form of document.querySelectorAll("form.filters")) {
  let stepping = false, changed = false;
  form.addEventListener("pointerdown", () => { stepping = false; });
  form.addEventListener("keydown", (event) => {
    stepping = event.key !== "Enter";
    if (changed && !stepping && event.target.matches("select")) { event.preventDefault(); form.requestSubmit(); }
  });
  form.addEventListener("change", (event) => {
    if (!event.target.matches("select")) return;
    if (stepping) changed = true; else form.requestSubmit();
  });
  const moments = form.querySelectorAll("input[type=datetime-local]");
  for (const hint of form.querySelectorAll(".utc")) hint.hidden = true;
  for (const moment of moments) {
    const at = new Date(moment.value + "Z");
    if (!Number.isNaN(at.getTime())) moment.value = clock(at).slice(0, 16).replace(" ", "T");
  }
  form.addEventListener("formdata", ({ formData }) => {
    for (const moment of moments) {
      if (moment.value) formData.set(moment.name, new Date(moment.value).toISOString().slice(0, 16));
    }
    for (const name of new Set(formData.keys())) { // the address stays short
      const chosen = formData.getAll(name).filter(Boolean);
      formData.delete(name);
      for (const value of chosen) formData.append(name, value);
    }
  });
}

times(document);
tell();
