// One phone: whose it is, their chats, one of them open, and what they can say there.

import { control, nameOf, world } from "./api.js";
import { clockTime, dayName, el, icon, toast } from "./dom.js";
import { colourOf, draw, summary } from "./message.js";
import { Suggestions } from "./suggestions.js";
import { locale, wordsOf } from "./words.js";

const ALL = "all";
const STICKERS = ["👍", "🙏", "❤️", "😂", "😢", "🎉"];

export class Pane {
  constructor(root, side, changed) {
    this.root = root;
    this.side = side;
    this.person = null;
    this.chat = null; // null: the list of chats
    this.thread = ALL;
    this.changed = changed;
    this.reply = null;
    this.editing = null;
    this.staged = []; // files chosen and not sent yet
    this.build();
  }

  build() {
    this.actor = el("select", { "aria-label": "Who is holding this phone", title: "Hand this phone to somebody else",
      onchange: () => this.show(Number(this.actor.value), undefined) });
    this.menu = el("details", { class: "menu" }, el("summary", { "aria-label": "More", title: "More" }, icon("more")), el("div", { class: "items" }));
    this.menu.addEventListener("toggle", () => this.menu.open && this.fillMenu());
    this.menu.addEventListener("keydown", (e) => { if (e.key === "Escape") { this.menu.open = false; this.menu.querySelector("summary").focus(); } });
    document.addEventListener("click", (e) => { if (!this.menu.contains(e.target)) this.menu.open = false; });
    this.back = el("button", { class: "back", type: "button", "aria-label": "All chats", title: "All chats",
      onclick: () => this.show(this.person, null) }, "‹");
    this.title = el("h2", {});
    this.subtitle = el("small", {});
    this.topics = el("div", { class: "topics", role: "tablist", "aria-label": "Topics" });
    this.log = el("div", { class: "log", role: "log", "aria-live": "polite", tabindex: "0" });
    this.keys = el("div", { class: "keys" });
    this.suggestions = new Suggestions(this);
    this.about = el("div", { class: "about" });
    this.text = el("textarea", { rows: "1", placeholder: "Message", "aria-label": "Message", enterkeyhint: "send" });
    this.file = el("input", { type: "file", multiple: true, hidden: true, accept: "image/*,video/*,audio/*,*/*",
      onchange: () => this.stage() });
    this.stickers = el("div", { class: "stickers" });
    this.anonymous = el("label", { class: "anonymous", title: "Send as an anonymous admin" },
      el("input", { type: "checkbox" }), el("span", {}, "🎭"));
    this.composer = el("form", { class: "composer", onsubmit: (e) => { e.preventDefault(); this.send(); } },
      el("button", { class: "attach", type: "button", "aria-label": "Attach a picture or a file", title: "Attach",
        onclick: () => this.file.click() }, icon("attach")),
      this.file, this.anonymous, this.text,
      el("button", { class: "smile", type: "button", "aria-label": "A sticker", title: "A sticker", onclick: () => this.offerStickers() }, icon("smile")),
      el("button", { class: "send", type: "submit", "aria-label": "Send", title: "Send" }, icon("send")));
    this.text.addEventListener("input", () => { this.grow(); this.suggestions.typed(this.text.value); });
    this.text.addEventListener("keydown", (e) => this.key(e));
    this.log.addEventListener("scroll", () => {
      // Pictures arriving late move the end away; that is not the reader leaving it.
      if (this.atEnd && this.log.scrollHeight !== this.height) this.settle();
      else this.atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
    });
    this.log.addEventListener("contextmenu", (e) => this.options(e));
    this.log.addEventListener("dblclick", (e) => this.options(e));
    this.atEnd = true;
    this.root.replaceChildren(
      el("header", { class: "holder" }, el("label", {}, el("span", { class: "sr" }, "Phone of"), this.actor), this.menu),
      el("header", { class: "head" }, this.back, el("div", { class: "names" }, this.title, this.subtitle)),
      this.topics, this.log, this.keys, this.suggestions.element, this.about, this.stickers, this.composer);
  }

  get open() {
    return this.chat == null ? null : world.chats.get(this.chat) ?? (world.people.has(this.chat) ? world.privateOf(this.chat) : null);
  }

  // `chat` undefined: the person's latest; null: their list.
  show(person, chat, thread = ALL) {
    if (!world.people.has(person)) return;
    const stay = person === this.person && chat === this.chat;
    this.person = person;
    if (chat === undefined) {
      const mine = world.chatsOf(person);
      chat = mine.length > 1 ? null : mine[0].info.id;
    }
    this.chat = chat;
    this.thread = thread;
    if (!stay) { this.reply = this.editing = null; this.staged = []; this.stickers.replaceChildren(); this.text.value = ""; this.atEnd = true; this.suggestions.forget(); }
    this.draw();
    this.changed();
  }

  draw() {
    if (this.person == null) return;
    this.drawActors();
    this.label();
    const chat = this.open;
    this.root.classList.toggle("listing", !chat);
    if (!chat) {
      this.title.textContent = this.words.chats;
      this.subtitle.textContent = nameOf(world.people.get(this.person));
      this.topics.replaceChildren();
      this.keys.replaceChildren();
      this.drawList();
      return;
    }
    const { info } = chat;
    this.title.textContent = world.title(chat);
    const here = info.members.filter((m) => !["left", "kicked"].includes(m.status)).length;
    this.subtitle.textContent = info.type === "private" ? (world.people.get(this.person)?.blocked ? this.words.blocked : this.words.bot)
      : this.words.group(info.is_forum ? "forum" : info.type, here);
    this.drawTopics(chat);
    this.drawLog(chat);
    this.drawKeys(chat);
    this.drawAbout();
    const admin = info.members.find((m) => m.user.id === this.person)?.status;
    this.anonymous.hidden = info.type === "private" || !["administrator", "creator"].includes(admin);
    if (document.visibilityState === "visible") world.markRead(this.person, chat);
  }

  get language() {
    return world.people.get(this.person)?.language_code;
  }

  get words() {
    return wordsOf(this.language);
  }

  // The buttons' names, in the language of this phone.
  label() {
    const { words } = this;
    this.text.placeholder = words.message;
    this.text.title = words.keys;
    for (const [name, said] of [["attach", words.attach], ["smile", words.sticker], ["send", words.send]]) {
      const button = this.composer.querySelector(`.${name}`);
      button.title = said;
      button.setAttribute("aria-label", said);
    }
  }

  drawActors() {
    const people = [...world.people.values()].filter((p) => !p.is_bot);
    const wanted = people.map((p) => `${p.id}:${nameOf(p)}`).join("|");
    if (this.actors !== wanted) {
      this.actors = wanted;
      this.actor.replaceChildren(...people.map((p) => el("option", { value: p.id }, [nameOf(p), tongue(p.language_code)].filter(Boolean).join(" · "))));
    }
    this.actor.value = String(this.person);
  }

  drawList() {
    this.log.replaceChildren(...world.chatsOf(this.person).map((chat) => {
      const messages = [...chat.messages.values()];
      const last = messages[messages.length - 1];
      const count = world.unread(this.person, chat);
      return el("button", { class: "entry", type: "button", onclick: () => this.show(this.person, chat.info.id) },
        el("span", { class: "avatar", style: `background:${colourOf(chat.info.id)}`, "aria-hidden": "true" }, [...world.title(chat)][0]),
        el("span", { class: "lines" }, el("b", {}, world.title(chat)), el("span", {}, last ? summary(last) : this.words.nothing)),
        el("span", { class: "aside" }, el("small", {}, last ? clockTime(last.date * 1000) : ""),
          count ? el("span", { class: "badge", "aria-label": `${count} unread` }, count > 99 ? "99+" : count) : null));
    }));
  }

  drawTopics(chat) {
    if (!chat.info.is_forum) { this.topics.replaceChildren(); this.thread = ALL; return; }
    const general = chat.info.general && !chat.info.general.hidden ? [chat.info.general] : [];
    const entries = [{ thread: ALL, name: "All" }, ...general, ...chat.info.topics];
    this.topics.replaceChildren(...entries.map((t) => el("button", { type: "button", role: "tab", "aria-selected": String(t.thread === this.thread),
      onclick: () => { this.thread = t.thread; this.atEnd = true; this.draw(); } }, t.closed ? `🔒 ${t.name}` : t.name)));
  }

  drawLog(chat) {
    const context = {
      person: this.person, chat: chat.info.id, group: chat.info.type !== "private",
      language: this.language, reply: (m) => this.replyTo(m), jump: (id) => this.jump(id), says: (words) => this.say({ text: words }),
    };
    const parts = [];
    let day = null;
    let album = null;
    for (const m of chat.messages.values()) {
      if (this.thread !== ALL && (m.message_thread_id ?? 1) !== this.thread) continue;
      const its = dayName(m.date * 1000, locale(this.language));
      if (its !== day) parts.push(el("div", { class: "day" }, (day = its)));
      const drawn = draw(m, context);
      const caption = drawn.querySelector(".words");
      if (m.media_group_id && m.media_group_id === album?.id) {
        album.grid.append(...drawn.querySelectorAll(".photo, .file"));
        if (caption) {
          album.last.after(caption);
          album.last = caption;
        }
      } else {
        parts.push(drawn);
        const holder = m.media_group_id ? drawn.querySelector(".photo, .file")?.parentElement : null;
        if (holder) {
          const grid = el("div", { class: "album" });
          const first = holder.querySelector(".photo, .file");
          first.replaceWith(grid);
          grid.append(first);
          album = { id: m.media_group_id, grid, last: caption ?? grid };
        } else album = null;
      }
    }
    if (!parts.length) parts.push(el("p", { class: "empty" }, chat.info.type === "private" ? this.words.start : this.words.silence));
    const top = this.log.scrollTop;
    this.log.replaceChildren(...parts);
    if (!this.atEnd) this.log.scrollTop = top;
    this.settle();
    // A picture takes its room only once it is there.
    for (const image of this.log.querySelectorAll("img")) if (!image.complete) image.addEventListener("load", () => this.settle());
  }

  settle() {
    this.height = this.log.scrollHeight;
    if (this.atEnd) this.log.scrollTop = this.height;
  }

  drawKeys(chat) {
    const messages = [...chat.messages.values()].reverse();
    const last = messages.find((m) => m.reply_markup && ("keyboard" in m.reply_markup || m.reply_markup.remove_keyboard));
    const rows = last?.reply_markup.keyboard;
    this.keys.replaceChildren(...(rows ?? []).map((row) => el("div", { class: "row" }, row.map((b) => {
      const text = typeof b === "string" ? b : b.text;
      return el("button", { class: "key", type: "button", onclick: () => this.say({ text }) }, text);
    }))));
  }

  drawAbout() {
    const what = this.reply ?? this.editing;
    this.about.replaceChildren();
    if (!what && !this.staged.length) return;
    const files = this.staged.map((file) => file.name).join(", ");
    this.about.append(el("span", {},
      what ? el("b", {}, this.editing ? this.words.edit : this.words.replyTo(nameOf(what.from))) : null, what ? ` ${summary(what).slice(0, 80)} ` : null,
      files ? `📎 ${files}` : null),
    el("button", { type: "button", "aria-label": this.words.leave, onclick: () => this.leaveAbout() }, "✕"));
  }

  leaveAbout() {
    if (this.editing) this.text.value = "";
    this.reply = this.editing = null;
    this.staged = [];
    this.drawAbout();
    this.text.focus();
  }

  replyTo(m) {
    this.reply = m;
    this.editing = null;
    this.drawAbout();
    this.text.focus();
  }

  // Ctrl + ↑ and ↓, as on a desktop: the message above or below the one that is replied to; below the newest, none.
  replyBeside(step) {
    const all = [...this.open.messages.values()].filter((m) => this.thread === ALL || (m.message_thread_id ?? 1) === this.thread);
    const at = this.reply ? all.findIndex((m) => m.message_id === this.reply.message_id) : all.length;
    const next = Math.max(at + step, 0);
    if (!all.length) return;
    this.reply = all[next] ?? null;
    this.editing = null;
    this.drawAbout();
    if (this.reply) this.jump(this.reply.message_id);
  }

  jump(id) {
    const found = this.log.querySelector(`[data-id="${id}"]`);
    if (!found) return;
    found.scrollIntoView({ block: "center" });
    found.classList.add("found");
    setTimeout(() => found.classList.remove("found"), 1500);
  }

  // ---------------------------------------------------------------- saying

  async act(path, wish) {
    try {
      return await control(path, wish);
    } catch (error) {
      toast(error.message);
      return null;
    }
  }

  async say(wish) {
    const chat = this.open;
    const full = { person: this.person, chat: chat.info.id, ...wish };
    if (this.reply) full.reply_to = this.reply.message_id;
    else if (this.thread !== ALL && this.thread !== 1) full.thread = this.thread;
    if (!this.anonymous.hidden && this.anonymous.querySelector("input").checked) full.anonymous = true;
    this.atEnd = true;
    const said = await this.act("say", full);
    if (said) { this.reply = null; this.drawAbout(); }
    return said;
  }

  async send() {
    const words = this.text.value.trim();
    if (this.staged.length && this.open) return void this.sendFiles(words);
    if (!words || !this.open) return;
    const editing = this.editing;
    const said = editing
      ? await this.act("edit", { person: this.person, chat: this.chat, message_id: editing.message_id, [editing.text != null ? "text" : "caption"]: words })
      : await this.say({ text: words });
    if (said == null) return;
    this.text.value = "";
    this.editing = null;
    this.drawAbout();
    this.grow();
    this.suggestions.clear();
  }

  // A chosen file waits, so that something can be written with it.
  stage() {
    this.staged = [...this.file.files].slice(0, 10);
    this.file.value = "";
    if (this.editing) this.leaveEditing();
    this.drawAbout();
    this.text.focus();
  }

  leaveEditing() {
    this.editing = null;
    this.text.value = "";
  }

  async sendFiles(caption) {
    const files = this.staged;
    const media = await Promise.all(files.map(async (file, i) => ({
      type: file.type.startsWith("image/") ? "photo" : file.type.startsWith("video/") ? "video" : file.type.startsWith("audio/") ? "audio" : "document",
      file: await base64(file), file_name: file.name, ...(i === 0 && caption ? { caption } : {}),
    })));
    if (!(await this.say({ media: media.length === 1 ? media[0] : media }))) return;
    this.staged = [];
    this.text.value = "";
    this.drawAbout();
    this.grow();
  }

  offerStickers() {
    if (this.stickers.childElementCount) return this.stickers.replaceChildren();
    this.stickers.replaceChildren(...STICKERS.map((emoji) => el("button", { type: "button", "aria-label": emoji,
      onclick: () => { this.stickers.replaceChildren(); this.say({ media: { type: "sticker", emoji } }); this.text.focus(); } }, emoji)));
    this.stickers.querySelector("button").focus();
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 160)}px`;
  }

  key(event) {
    if (this.suggestions.key(event)) return;
    if (event.key === "Escape") {
      if (this.stickers.childElementCount) { this.stickers.replaceChildren(); this.text.focus(); }
      else if (this.reply || this.editing || this.staged.length) this.leaveAbout();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    }
    if ((event.ctrlKey || event.metaKey) && ["ArrowUp", "ArrowDown"].includes(event.key) && this.open) {
      event.preventDefault();
      this.replyBeside(event.key === "ArrowUp" ? -1 : 1);
      return;
    }
    if (event.key === "ArrowUp" && !this.text.value && this.open) {
      const mine = [...this.open.messages.values()].reverse().find((m) => m.from?.id === this.person && !m.sender_chat);
      if (mine) { event.preventDefault(); this.edit(mine); }
    }
  }

  edit(m) {
    this.editing = m;
    this.reply = null;
    this.text.value = m.text ?? m.caption ?? "";
    this.drawAbout();
    this.text.focus();
    this.grow();
  }

  // ---------------------------------------------------------------- menus

  options(event) {
    const found = event.target.closest(".message");
    if (!found || event.target.closest("button, a")) return;
    const m = this.open?.messages.get(Number(found.dataset.id));
    if (!m) return;
    event.preventDefault();
    const own = m.from?.id === this.person && !m.sender_chat;
    const entries = [
      [this.words.reply, () => this.replyTo(m)],
      own ? [this.words.edit, () => this.edit(m)] : null,
      m.text ? [this.words.copy, () => navigator.clipboard?.writeText(m.text)] : null,
      forwardable(m) ? [this.words.forward, () => this.offerForward(m, event)] : null,
      ["👍", () => this.act("react", { person: this.person, chat: this.chat, message_id: m.message_id, emoji: "👍" })],
      [this.words.remove, () => this.act("delete", { chat: this.chat, message_id: m.message_id })],
    ].filter(Boolean);
    this.popUp(entries, event);
  }

  // Where a message can be forwarded: any chat of whoever holds this phone.
  offerForward(m, event) {
    const kind = mediaOf(m);
    const size = kind === "photo" ? m.photo[m.photo.length - 1] : m[kind];
    const what = kind ? { media: { type: kind, file_id: size.file_id, ...(m.caption ? { caption: m.caption } : {}), ...(m[kind].emoji ? { emoji: m[kind].emoji } : {}) } }
      : { text: m.text };
    const from = m.forward_origin ?? { type: "user", sender_user: m.from };
    this.popUp(world.chatsOf(this.person).map((chat) => [world.title(chat), async () => {
      if (await this.act("say", { person: this.person, chat: chat.info.id, forward_from: from, ...what })) this.show(this.person, chat.info.id);
    }]), event, this.words.forwardTo);
  }

  popUp(entries, event, heading) {
    this.root.querySelector(".popup")?.remove();
    const popup = el("div", { class: "popup", role: "menu", "aria-label": heading }, heading ? el("small", {}, heading) : null, entries.map(([label, does]) => el("button", { type: "button", role: "menuitem",
      onclick: () => { popup.remove(); does(); } }, label)));
    this.root.append(popup);
    const box = this.root.getBoundingClientRect();
    popup.style.left = `${Math.min(event.clientX - box.left, box.width - popup.offsetWidth - 8)}px`;
    popup.style.top = `${Math.min(event.clientY - box.top, box.height - popup.offsetHeight - 8)}px`;
    popup.querySelector("button").focus();
    popup.addEventListener("keydown", (e) => e.key === "Escape" && popup.remove());
    setTimeout(() => document.addEventListener("click", () => popup.remove(), { once: true }));
  }

  fillMenu() {
    const person = world.people.get(this.person);
    const chat = this.open;
    const entries = [[person.blocked ? this.words.unblock : this.words.block, () => this.act(person.blocked ? "unblock" : "block", { person: person.id })]];
    if (chat && chat.info.type !== "private") {
      entries.push([this.words.leaveGroup, async () => { await this.act("leave", { chat: chat.info.id, person: person.id }); this.show(this.person, null); }]);
      if (chat.info.type === "group") entries.push([this.words.upgrade, () => this.act("migrate", { chat: chat.info.id })]);
    }
    for (const other of world.chats.values()) {
      const { info } = other;
      if (info.type === "private" || info.migrated_to) continue;
      if (!info.members.some((m) => m.user.id === person.id && !["left", "kicked"].includes(m.status))) {
        entries.push([this.words.join(info.title), async () => { await this.act("join", { chat: info.id, person: person.id }); this.show(person.id, info.id); }]);
      }
    }
    this.menu.querySelector(".items").replaceChildren(...entries.map(([label, does]) => el("button", { type: "button",
      onclick: () => { this.menu.open = false; does(); } }, label)));
  }
}

const MEDIA = ["photo", "video", "animation", "audio", "document", "voice", "video_note", "sticker"];
const mediaOf = (m) => MEDIA.find((name) => m[name]);
const forwardable = (m) => Boolean(m.text || mediaOf(m)) && m.from != null && !m.sender_chat;

// A language in its own words: 简体中文 says more than zh-hans.
function tongue(code) {
  if (!code) return null;
  try {
    return new Intl.DisplayNames([code], { type: "language" }).of(code);
  } catch {
    return code;
  }
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",", 2)[1]);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
