// Stepping through the frames of a segment without loading the page anew: arrow keys, and the
// neighbours fetched ahead. A module, so that its names are its own. Without it the form steps by itself.
const form = document.getElementById("stepping");
const MOST_KEPT = 12;
const kept = new Map(); // address -> promise of the form's document

function address(button) {
  const fields = new FormData(form);
  fields.append("step", button.value);
  return form.getAttribute("action") + "?" + new URLSearchParams(fields);
}

function load(from) {
  if (!kept.has(from)) {
    const loading = fetch(from, { headers: { Accept: "text/html" } }).then(async (answer) => {
      if (!answer.ok) throw new Error(answer.status);
      return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("stepping");
    });
    loading.catch(() => kept.delete(from));
    kept.set(from, loading);
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  }
  return kept.get(from);
}

function ahead() {
  for (const name of ["next", "previous"]) {
    const button = document.getElementById("step-" + name);
    if (!button || button.disabled) continue;
    load(address(button)).then((found) => {
      for (const image of found.querySelectorAll("img")) new Image().src = image.getAttribute("src");
    }).catch(() => {});
  }
}

let busy = false;
async function step(button) {
  if (busy || !button || button.disabled) return;
  busy = true;
  const from = address(button);
  try {
    const found = (await load(from)).cloneNode(true);
    await Promise.all([...found.querySelectorAll("img")].map((image) => {
      image.loading = "eager";
      return image.decode().catch(() => {});
    }));
    const focused = document.activeElement?.id;
    form.replaceChildren(...found.childNodes);
    form.dataset.here = found.dataset.here;
    const again = focused && document.getElementById(focused);
    if (again && !again.disabled) again.focus();
    history.replaceState(null, "", found.dataset.here);
    document.getElementById("live").textContent = document.getElementById("said").textContent;
    ahead();
  } catch {
    location.assign(from); // the server's own page says what is wrong
  } finally {
    busy = false;
  }
}

if (form) {
  form.addEventListener("submit", (event) => {
    if (!event.submitter) return;
    event.preventDefault();
    step(event.submitter);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("[type=radio]")) return;
    const way = { ArrowLeft: ["previous", "second-back"], ArrowRight: ["next", "second-on"] }[event.key];
    if (!way) return;
    event.preventDefault();
    step(document.getElementById("step-" + way[event.shiftKey ? 1 : 0]));
  });
  ahead();
}
