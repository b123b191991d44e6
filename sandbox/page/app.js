// Two phones side by side, a note on what to try, and the clock.

import { control, listen, load, nameOf, world } from "./api.js";
import { clockTime, dayName, el, icon, toast } from "./dom.js";
import { answered, relative } from "./message.js";
import { Pane } from "./pane.js";
import { locale, moveLabel, said, wordsOf } from "./words.js";

const panes = {};
const side = document.getElementById("side");

// The clock is between two phones; it speaks the language of the one on the left.
const language = () => world.people.get(panes.left?.person)?.language_code;

function remember() {
  const hash = new URLSearchParams(location.hash.slice(1));
  for (const [name, pane] of Object.entries(panes)) {
    if (pane.person != null) hash.set(name, `${pane.person}:${pane.chat ?? ""}`);
  }
  history.replaceState(null, "", `#${hash}`);
}

function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
}

function recall() {
  const hash = new URLSearchParams(location.hash.slice(1));
  theme(hash.get("theme") ?? localStorage.getItem("theme"));
  if (hash.get("show")) document.body.dataset.show = hash.get("show");
  return Object.fromEntries(["left", "right"].map((name) => {
    const found = /^(-?\d+):(-?\d*)$/.exec(hash.get(name) ?? "");
    return [name, found ? { person: Number(found[1]), chat: found[2] ? Number(found[2]) : null } : null];
  }));
}

// A student in private on the left, a member of staff in the first group on the right.
function begin() {
  const wanted = recall();
  const people = [...world.people.values()].filter((p) => !p.is_bot);
  if (!people.length) return;
  const groups = [...world.chats.values()].filter(({ info }) => info.type !== "private" && !info.migrated_to);
  const noted = world.guide.notes.find((n) => n.chat < 0);
  const group = noted ? world.chats.get(noted.chat) : groups[0];
  const staff = noted?.person ?? group?.info.members.find((m) => !m.user.is_bot)?.user.id ?? people[0].id;
  const members = new Set(groups.flatMap(({ info }) => info.members.map((m) => m.user.id)));
  const student = world.guide.notes.find((n) => n.chat > 0)?.person ?? people.find((p) => !members.has(p.id))?.id ?? people[0].id;
  const left = wanted.left ?? { person: student, chat: student };
  const right = wanted.right ?? { person: staff, chat: group?.info.id ?? null };
  panes.left.show(left.person, left.chat);
  panes.right.show(right.person, right.chat);
}

function drawSide() {
  const { notes, clock } = world.guide;
  const zone = clock.find((b) => b.timezone)?.timezone;
  if (zone) document.documentElement.dataset.zone = zone;
  side.replaceChildren(
    el("div", { class: "clock" }, el("time", { id: "now" }), el("button", { type: "button", class: "theme", title: "Light or dark",
      "aria-label": "Light or dark", onclick: flip }, icon("theme"))),
    el("div", { class: "moves" }, clock.map((button) => el("button", { type: "button", onclick: () => move(button) }, moveLabel(button, language())))),
    notes.length ? el("h2", {}, wordsOf(language()).tries) : "",
    el("ol", { class: "notes" }, notes.map((note) => el("li", {}, el("button", { type: "button", onclick: () => follow(note) },
      el("b", {}, said(note.title, language())), el("span", {}, said(note.text, language())))))));
  tick();
}

function follow(note) {
  if (note.person == null) return;
  const name = note.chat > 0 ? "left" : "right";
  panes[name].show(note.person, note.chat ?? undefined);
  choose(name);
  panes[name].text.focus();
}

async function move(button) {
  try {
    if (button.advance != null) await control("clock", { advance: button.advance });
    else if (button.to != null) {
      if (Date.parse(button.to) <= world.now()) toast("That moment has passed already.");
      else await control("clock", { to: button.to });
    } else if (button.next != null) await control("clock", { to: next(button.next, button.timezone).toISOString() });
  } catch (error) {
    toast(error.message);
  }
}

// The next time it is this o'clock there.
function next(at, timeZone) {
  const [hours, minutes] = at.split(":").map(Number);
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })
    .formatToParts(world.now()).map((p) => [p.type, Number(p.value)]));
  const passed = ((parts.hour * 60 + parts.minute) * 60 + parts.second) * 1000;
  let ahead = (hours * 60 + minutes) * 60000 - passed;
  if (ahead <= 0) ahead += 86400000;
  return new Date(world.now() + ahead);
}

function tick() {
  const shown = document.getElementById("now");
  if (shown) shown.textContent = `${dayName(world.now(), locale(language()))} ${clockTime(world.now())}`;
  for (const time of document.querySelectorAll("time.relative")) time.textContent = relative(Number(time.dataset.unix), time.dataset.tongue);
}

function flip() {
  const dark = getComputedStyle(document.documentElement).getPropertyValue("--dark").trim() === "1";
  localStorage.setItem("theme", dark ? "light" : "dark");
  theme(dark ? "light" : "dark");
}

function choose(name) {
  document.body.dataset.show = name;
  drawSwitch();
}

function drawSwitch() {
  const shown = document.body.dataset.show ?? "left";
  document.getElementById("switch").replaceChildren(...["left", "right", "side"].map((name) => {
    const pane = panes[name];
    const label = pane ? nameOf(world.people.get(pane.person)) || name : wordsOf(language()).clock;
    const chat = pane?.open;
    const elsewhere = chat && name !== shown ? world.unread(pane.person, chat) : 0;
    return el("button", { type: "button", "aria-current": String(name === shown), onclick: () => choose(name) },
      el("span", {}, label), elsewhere ? el("span", { class: "badge" }, elsewhere) : null);
  }));
}

let waiting = false;
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const pane of Object.values(panes)) pane.draw();
    drawSwitch();
  });
}

world.listeners.add((event) => {
  if (event.kind === "callback_answer") answered(event);
  if (event.kind === "inline_answer") for (const pane of Object.values(panes)) pane.suggestions.answered(event);
  if (event.kind === "chat" && event.info?.migrated_to) {
    for (const pane of Object.values(panes)) if (pane.chat === event.info.id) pane.show(pane.person, event.info.migrated_to);
  }
  if (event.kind === "guide") drawSide();
  if (event.kind === "clock") tick();
  if (panes.left.person == null && world.people.size) begin();
  soon();
});

document.addEventListener("keydown", (event) => {
  if (event.altKey && (event.key === "1" || event.key === "2")) {
    const name = event.key === "1" ? "left" : "right";
    choose(name);
    panes[name].text.focus();
  }
});
document.addEventListener("visibilitychange", soon);
window.addEventListener("hashchange", () => { begin(); drawSwitch(); });

document.body.dataset.show = "left";
panes.left = new Pane(document.getElementById("left"), "left", () => { remember(); drawSwitch(); drawSide(); });
panes.right = new Pane(document.getElementById("right"), "right", () => { remember(); drawSwitch(); });
// Words shaped before their font is there can stay boxes, so the font comes first; where it cannot, the system's will do.
await Promise.race([
  document.fonts.load('16px "Fallback SC"', "中").catch(() => null),
  new Promise((resolve) => setTimeout(resolve, 3000)),
]);
const after = await load();
drawSide();
begin();
drawSwitch();
listen(after);
setInterval(tick, 1000);
document.documentElement.dataset.ready = "1";
