// What the pages do beyond links and forms. One file, no imports, nothing that needs eval:
// every page works without it, and the content security policy allows nothing else.

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---- Theme: a cookie, so that the server paints the right one at the first byte.

function switchTheme() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax${secure}`;
}

document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]")?.dataset.action;
  if (action === "theme") switchTheme();
  if (action === "keys") find("#keys").showModal();
  if (action === "close") event.target.closest("dialog")?.close();
});

// ---- The console's sections on narrow screens: the row is wider than the screen, so show the current one.

find(".narrow-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// ---- One day at a time on narrow screens: the links work without script, with it they are instant.

let chosenDay = null;

function showDay(date) {
  if (!find(`#week [data-date="${date}"]`)) return;
  all("#week > [data-date]").forEach((part) => part.classList.toggle("on", part.dataset.date === date));
  all(".day-tabs a").forEach((tab) => {
    if (tab.dataset.day === date) tab.setAttribute("aria-current", "date");
    else tab.removeAttribute("aria-current");
  });
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest(".day-tabs a");
  if (!tab) return;
  event.preventDefault();
  chosenDay = tab.dataset.day;
  showDay(chosenDay);
});

// ---- Proposal: rows light up their places in the grid, and unticking a row takes it out of the totals.

function light(row, on) {
  const change = row?.dataset.change;
  if (change) all(`#week [data-change="${change}"]`).forEach((place) => place.classList.toggle("lit", on));
}

for (const [start, end] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(start, (event) => light(event.target.closest?.(".change"), true));
  document.addEventListener(end, (event) => light(event.target.closest?.(".change"), false));
}

function inHours(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours && `${hours} h`, (rest || !hours) && `${rest} m`].filter(Boolean).join(" ");
}

// Gains of single moves don't add up exactly: the total is the plan's until something is left out, "about" then.
function addUp(form) {
  const boxes = all('input[type="checkbox"]:not(:disabled)', form);
  const left = boxes.filter((box) => !box.checked);
  const sum = (rows, name) => rows.reduce((total, box) => total + Number(box.dataset[name]), 0);
  const gain = Number(form.dataset.gain) - sum(left, "focus");
  const conflicts = Number(form.dataset.conflicts) - sum(left, "conflicts");
  const count = boxes.length - left.length;
  find("#gain").textContent = `${gain < 0 ? "\u2212" : "+"}${inHours(Math.abs(gain))}`;
  find("#gain-about").hidden = left.length === 0;
  find("#gain-conflicts").textContent = Math.max(0, conflicts);
  find("#accept-count").textContent = count;
  find("#accept-noun").textContent = count === 1 ? "change" : "changes";
  find("#accept-button").disabled = count === 0;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("#accept");
  if (form) addUp(form);
});

// ---- Toasts stay for ten seconds, longer while pointed at or focused.

function expire(toast) {
  setTimeout(() => (toast.matches(":hover, :focus-within") ? expire(toast) : toast.remove()), 10_000);
}

function complain(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
  find("#toasts")?.append(toast);
}

new MutationObserver((records) => {
  for (const record of records) {
    for (const node of record.addedNodes) if (node.nodeType === Node.ELEMENT_NODE) expire(node);
  }
}).observe(find("#toasts") ?? document.createElement("div"), { childList: true });
all("#toasts > *").forEach(expire);

document.addEventListener("htmx:error", () => complain("Clockwise could not be reached. Try again."));
document.addEventListener("htmx:before:swap", (event) => {
  const { status, headers } = event.detail.ctx.response;
  if (status < 500 && status !== 429) return;
  event.preventDefault();
  complain(
    status === 429
      ? `Too much at once. Nothing was changed. Try again in ${headers.get("Retry-After")} s.`
      : "Something went wrong on our side. Nothing was changed. Try again.",
  );
});

// ---- The event dialog opens once its content is there; the browser gives the focus back on closing.

document.addEventListener("htmx:after:swap", (event) => {
  const sheet = find("#sheet");
  if (event.detail.ctx.target === sheet && !sheet.open) sheet.showModal();
  if (chosenDay) showDay(chosenDay);
});

document.addEventListener("click", (event) => {
  if (event.target === find("#sheet[open]")) event.target.close();
});

// ---- The line of the present moment moves each half minute, in the zone of the calendar shown.

function moveNow() {
  const week = find("#week[data-zone]");
  const line = find("#week .now");
  if (!week || !line) return;
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: week.dataset.zone, hour: "2-digit", minute: "2-digit" });
  const [hour, minute] = parts.format(new Date()).split(":").map(Number);
  const row = Math.floor(((hour - Number(week.dataset.firstHour)) * 60 + minute) / 5) + 1;
  if (row > 0) line.className = `now gr-${row}`;
}

setInterval(moveNow, 30_000);

// ---- Keyboard: single keys, never while typing or in a dialog.

const SHORTCUTS = { t: "#key-today", j: "#key-next", k: "#key-previous", o: "#key-optimize", a: "#accept-button", u: ".toast button, #key-undo" };

function walk(link, key) {
  const links = all("#week .day a.in").filter((other) => other.checkVisibility());
  const here = links.indexOf(link);
  if (key === "ArrowDown") return links[here + 1];
  if (key === "ArrowUp") return links[here - 1];
  const days = all("#week .day").filter((day) => all("a.in", day).length);
  const day = days[days.indexOf(link.closest(".day")) + (key === "ArrowRight" ? 1 : -1)];
  const distance = (other) => Math.abs(other.offsetParent.offsetTop - link.offsetParent.offsetTop);
  return day && all("a.in", day).sort((one, other) => distance(one) - distance(other))[0];
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select, dialog[open]")) return;
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  const link = event.target.closest("#week .day a.in");
  if (link && event.key.startsWith("Arrow")) {
    event.preventDefault();
    walk(link, event.key)?.focus();
  } else if (event.key === "?") {
    find("#keys")?.showModal();
  } else {
    const target = SHORTCUTS[event.key] && find(SHORTCUTS[event.key]);
    if (target) {
      event.preventDefault();
      target.click();
    }
  }
});
