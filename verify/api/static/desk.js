// What a page does beyond its HTML: live states, one key to reveal pictures, stepping through frame
// pairs, dropping a file. Without it every page still works.
"use strict";

const words = { queued: "waiting", running: "being checked", done: "done", failed: "failed", cancelled: "cancelled", paused: "paused" };
const ended = new Set(["done", "failed", "cancelled"]);

function watch() {
  const rows = new Map();
  for (const row of document.querySelectorAll("[data-item]")) {
    if (!ended.has(row.dataset.state)) rows.set(row.dataset.item, row);
  }
  if (!rows.size) return;
  const query = [...rows.keys()].slice(0, 100).map((id) => "item=" + encodeURIComponent(id)).join("&");
  const source = new EventSource("/api/v1/events?" + query);
  source.addEventListener("item", (event) => show(rows, JSON.parse(event.data), source));
}

function show(rows, item, source) {
  const row = rows.get(item.id);
  if (!row) return;
  if (ended.has(item.state)) {
    rows.delete(item.id);
    if (!rows.size) source.close();
    // The server's own page says it best; on the queue only while nobody is typing.
    if ("reload" in row.dataset || !document.activeElement?.closest("form")) return location.reload();
  }
  const state = row.querySelector(".state");
  state.className = "state " + item.state;
  state.textContent = words[item.state] ?? item.state;
  let stage = row.querySelector(".stage");
  if (!stage) {
    stage = document.createElement("span");
    stage.className = "stage note";
    state.after(" ", stage);
  }
  const share = item.progress === null ? "" : " " + Math.round(100 * item.progress) + " %";
  stage.textContent = item.stage && item.state === "running" ? item.doing + share : "";
}

function reveal() {
  const box = document.getElementById("reveal");
  if (!box) return;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select");
    if (event.key === "r" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) box.click();
  });
}

function step(segment) {
  const pairs = [...segment.querySelectorAll(":scope > .pair")];
  if (pairs.length < 2) return;
  const bar = document.createElement("div");
  bar.className = "stepper";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Frame pairs");
  const place = document.createElement("span");
  place.setAttribute("role", "status");
  let at = 0;
  const go = (to) => {
    at = (to + pairs.length) % pairs.length;
    pairs.forEach((pair, number) => { pair.hidden = number !== at; });
    place.textContent = "Frame pair " + (at + 1) + " of " + pairs.length;
  };
  const button = (label, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "quiet";
    made.textContent = label;
    made.addEventListener("click", action);
    return made;
  };
  bar.append(button("‹ Earlier", () => go(at - 1)), place, button("Later ›", () => go(at + 1)));
  bar.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") go(at - 1);
    if (event.key === "ArrowRight") go(at + 1);
  });
  pairs[0].before(bar);
  go(0);
}

function drop(form) {
  const file = form.querySelector("input[type=file]");
  for (const kind of ["dragover", "dragenter"]) form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files.length) file.files = event.dataTransfer.files;
  });
}

watch();
reveal();
document.querySelectorAll(".segment").forEach(step);
document.querySelectorAll("form.drop").forEach(drop);
