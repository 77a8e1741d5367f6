// Keeps a view fresh, shows times in the reader's zone, copies texts. Without it
// the page reads the same.
"use strict";

const state = document.getElementById("live-state");
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
    failed = request.status !== 200 || !request.response;
    if (!failed) replace(request.response);
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

let connected = false;
function tell() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";
  const word = failed ? "cannot refresh" : connected ? "live" : "connecting";
  state.textContent = `${word} · times in ${zone}`;
  state.classList.toggle("off", failed || !connected);
}

const stream = new EventSource("/live");
stream.addEventListener("open", () => { if (!connected) { connected = true; tell(); } });
stream.addEventListener("error", () => { connected = false; tell(); });
let soon = 0;
stream.addEventListener("news", () => { clearTimeout(soon); soon = setTimeout(refresh, 150); });
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

// A menu that changes shows its view at once.
for (const form of document.querySelectorAll("form.filters")) {
  form.addEventListener("change", (event) => { if (event.target.matches("select")) form.requestSubmit(); });
  form.querySelector("button").hidden = true;
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  });
}

times(document);
tell();
