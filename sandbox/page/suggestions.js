// What stands above the message field while somebody types: a bot's commands, or what it finds for “@bot words”.

import { control, look, world } from "./api.js";
import { el } from "./dom.js";

const SHOWN = 8;
const PAUSE = 250; // milliseconds without a letter, as the apps wait before they ask a bot

export class Suggestions {
  constructor(pane) {
    this.pane = pane;
    this.element = el("div", { class: "suggestions", role: "listbox", "aria-label": "Suggestions" });
    this.forget();
  }

  get any() {
    return this.element.childElementCount > 0;
  }

  clear() {
    this.element.replaceChildren();
  }

  // Another chat has other commands.
  forget() {
    clearTimeout(this.wait);
    this.commands = this.query = null;
    this.clear();
  }

  async typed(text) {
    clearTimeout(this.wait);
    this.query = null;
    const bot = asked(text);
    if (bot) {
      this.wait = setTimeout(() => this.ask(bot, text.slice(bot.username.length + 2)), PAUSE);
      return;
    }
    if (!/^\/[a-z]*$/.test(text)) return this.clear();
    const { pane } = this;
    this.commands ??= await look("commands", { person: pane.person, chat: pane.chat }).catch(() => []);
    const found = this.commands.filter((c) => `/${c.command}`.startsWith(pane.text.value));
    this.offer(found.map((c) => [`/${c.command}`, c.description, () => pane.say({ text: `/${c.command}` })]));
  }

  async ask(bot, query) {
    const sent = await this.pane.act("ask", { person: this.pane.person, bot: bot.id, query });
    this.query = sent?.id;
    if (this.early?.id === this.query) this.answered(this.early);
  }

  // The bot may answer before we hear which query ours was.
  answered(event) {
    if (event.id !== this.query) { this.early = event; return; }
    const { pane } = this;
    const { person, chat } = pane;
    const rows = event.results.map((r) => [r.title, r.description ?? "",
      () => pane.act("choose", { person, chat, query: event.id, result: r.id })]);
    if (event.button?.start_parameter) {
      rows.push([event.button.text, "", () => { pane.show(person, person); pane.say({ text: `/start ${event.button.start_parameter}` }); }]);
    }
    this.offer(rows);
  }

  offer(rows) {
    this.element.replaceChildren(...rows.slice(0, SHOWN).map(([name, about, does]) => el("button", { type: "button", role: "option",
      "aria-selected": "false", onclick: () => { this.forget(); this.pane.text.value = ""; does(); this.pane.text.focus(); } },
    el("b", {}, name), el("span", {}, about))));
  }

  // Whether the key was meant for the list.
  key(event) {
    if (!this.any) return false;
    const entries = [...this.element.children];
    const chosen = entries.findIndex((entry) => entry.getAttribute("aria-selected") === "true");
    if (event.key === "Escape") this.clear();
    else if (["ArrowDown", "ArrowUp", "Tab"].includes(event.key)) {
      const next = event.key === "ArrowUp" ? (chosen > 0 ? chosen : entries.length) - 1 : (chosen + 1) % entries.length;
      entries[chosen]?.setAttribute("aria-selected", "false");
      entries[next].setAttribute("aria-selected", "true");
      entries[next].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && chosen >= 0) entries[chosen].click();
    else return false;
    event.preventDefault();
    return true;
  }
}

// The bot whose name stands at the beginning, with a space behind it: from then on the words are for it.
function asked(text) {
  return [...world.bots.values()].find((bot) => bot.username && text.toLowerCase().startsWith(`@${bot.username.toLowerCase()} `));
}
