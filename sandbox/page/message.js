// How a message looks: its words with their formatting, what came with it, its buttons.

import { control, fileAddress, nameOf, world } from "./api.js";
import { alertBox, clockTime, el, icon, toast } from "./dom.js";
import { tongueOf, wordsOf } from "./words.js";

const COLOURS = ["#c0504d", "#2f6fb0", "#3f8f5b", "#8a5fb0", "#b0742f", "#2f8f8f"];
const SERVICE = {
  new_chat_members: (m) => `${m.new_chat_members.map(nameOf).join(", ")} joined`,
  left_chat_member: (m) => `${nameOf(m.left_chat_member)} left`,
  group_chat_created: () => "The group was created",
  supergroup_chat_created: () => "The supergroup was created",
  migrate_to_chat_id: () => "The group was upgraded to a supergroup",
  migrate_from_chat_id: () => "This was a plain group before",
  forum_topic_created: (m) => `Topic “${m.forum_topic_created.name}” created`,
  forum_topic_edited: (m) => `Topic renamed${m.forum_topic_edited.name ? ` to “${m.forum_topic_edited.name}”` : ""}`,
  forum_topic_closed: () => "Topic closed",
  forum_topic_reopened: () => "Topic reopened",
  general_forum_topic_hidden: () => "The General topic was hidden",
  general_forum_topic_unhidden: () => "The General topic is shown again",
  new_chat_photo: () => "The group has a new picture",
  delete_chat_photo: () => "The group's picture was taken down",
  pinned_message: () => "A message was pinned",
  new_chat_title: (m) => `The group is called “${m.new_chat_title}” now`,
};
const FILES = { voice: "🎤 Voice message", audio: "🎵 Audio", video: "🎬 Video", video_note: "🎬 Video message",
  animation: "🎞 Animation", document: "📎 File" };

// The same colour as ink: readable on a bubble in either theme.
const inkOf = (id) => `var(--name-${Math.abs(id) % COLOURS.length})`;

export function colourOf(id) {
  return COLOURS[Math.abs(id) % COLOURS.length];
}

export function serviceText(m) {
  const kind = Object.keys(SERVICE).find((name) => name in m);
  return kind ? SERVICE[kind](m) : null;
}

// The first words of a message, for lists and quotes.
export function summary(m) {
  const service = serviceText(m);
  if (service) return service;
  const words = m.text ?? m.caption ?? "";
  if (m.poll) return `📊 ${m.poll.question}`;
  if (m.photo) return words ? `🖼 ${words}` : "🖼 Photo";
  const file = Object.keys(FILES).find((name) => m[name]);
  if (file) return words ? `${FILES[file].split(" ")[0]} ${words}` : FILES[file];
  if (m.sticker) return `${m.sticker.emoji ?? ""} Sticker`;
  if (m.venue) return `📍 ${m.venue.title}`;
  if (m.location) return "📍 Location";
  if (m.contact) return `👤 ${nameOf(m.contact)}`;
  if (m.dice) return `${m.dice.emoji} ${m.dice.value}`;
  return words;
}

const STYLES = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote", spoiler: "span", text_link: "a", url: "a",
  mention: "span", text_mention: "span", bot_command: "span", hashtag: "span", email: "span", date_time: "time" };

// Entities nest; offsets count UTF-16 units, as JavaScript strings do.
export function formatted(text, entities = [], context = {}) {
  const known = entities.filter((e) => e.type in STYLES).sort((a, b) => a.offset - b.offset || b.length - a.length);
  return nest(text, 0, text.length, known, context);
}

function nest(text, begin, end, entities, context) {
  const parts = [];
  let at = begin;
  for (let i = 0; i < entities.length; i += 1) {
    const entity = entities[i];
    if (entity.offset < at || entity.offset >= end) continue;
    parts.push(text.slice(at, entity.offset));
    const stop = Math.min(entity.offset + entity.length, end);
    parts.push(styled(entity, text, stop, entities.slice(i + 1), context));
    at = stop;
  }
  parts.push(text.slice(at, end));
  return parts;
}

function styled(entity, text, stop, inner, context) {
  const words = text.slice(entity.offset, stop);
  const children = nest(text, entity.offset, stop, inner.filter((e) => e.offset < stop), context);
  if (entity.type === "text_link" || entity.type === "url") {
    const href = entity.url ?? words;
    const safe = /^https?:\/\//.test(href) ? href : null;
    return el("a", { href: safe, rel: "noopener noreferrer", target: "_blank" }, children);
  }
  if (entity.type === "bot_command") {
    return el("button", { class: "command", type: "button", onclick: () => context.says?.(words) }, words);
  }
  if (entity.type === "date_time") {
    return el("time", { class: "relative", dataset: { unix: entity.unix_time, fallback: words, tongue: tongueOf(context.language) } },
      relative(entity.unix_time, context.language));
  }
  if (entity.type === "spoiler") {
    const spoiler = el("span", { class: "spoiler", tabindex: "0" }, children);
    spoiler.addEventListener("click", () => spoiler.classList.add("open"));
    return spoiler;
  }
  const classes = { expandable_blockquote: "expandable", mention: "mention", text_mention: "mention", hashtag: "mention" };
  return el(STYLES[entity.type], { class: classes[entity.type] }, children);
}

export function relative(unix, language) {
  const seconds = unix - world.now() / 1000;
  const format = new Intl.RelativeTimeFormat(tongueOf(language), { numeric: "always", style: "short" });
  const minutes = seconds / 60;
  if (Math.abs(minutes) < 60) return format.format(Math.round(minutes), "minute");
  if (Math.abs(minutes) < 48 * 60) return format.format(Math.round(minutes / 60), "hour");
  return format.format(Math.round(minutes / 1440), "day");
}

function media(m) {
  if (m.photo) {
    const size = m.photo[m.photo.length - 1];
    return el("a", { href: fileAddress(size.file_id), target: "_blank", class: "photo" },
      el("img", { src: fileAddress(size.file_id), alt: m.caption ?? "Photo", width: size.width, height: size.height }));
  }
  if (m.sticker) return el("div", { class: "sticker", title: "Sticker" }, m.sticker.emoji ?? "🏷");
  const kind = ["animation", "video", "video_note", "voice", "audio", "document"].find((name) => m[name]);
  if (kind) {
    const file = m[kind];
    const [sign, ...name] = FILES[kind].split(" ");
    const label = file.file_name ?? file.title ?? name.join(" ");
    return el("a", { class: `file ${kind}`, href: fileAddress(file.file_id), download: file.file_name ?? "" },
      el("span", { class: "sign", "aria-hidden": "true" }, sign), el("span", { class: "label" }, label),
      file.duration ? el("small", {}, `${file.duration} s`) : null);
  }
  if (m.venue || m.location) {
    const place = m.venue?.location ?? m.location;
    return el("div", { class: "place" }, el("span", { class: "sign", "aria-hidden": "true" }, "📍"),
      el("span", {}, m.venue ? `${m.venue.title}, ${m.venue.address}` : "Location",
        el("small", {}, ` ${place.latitude.toFixed(4)}, ${place.longitude.toFixed(4)}`)));
  }
  if (m.contact) {
    return el("div", { class: "place" }, el("span", { class: "sign", "aria-hidden": "true" }, "👤"),
      el("span", {}, nameOf(m.contact), el("small", {}, ` ${m.contact.phone_number}`)));
  }
  if (m.dice) return el("div", { class: "sticker" }, `${m.dice.emoji} ${m.dice.value}`);
  return null;
}

function poll(m, context) {
  const { poll } = m;
  const mine = poll.voters?.[context.person] ?? [];
  const open = !poll.is_closed;
  const shown = poll.is_closed || (mine.length > 0 && !poll.hide_results_until_closes);
  const quiz = poll.type === "quiz";
  const kind = `${poll.is_anonymous ? "Anonymous" : "Public"} ${quiz ? "quiz" : "poll"}`;
  const sign = (i) => (!quiz || !shown ? "" : poll.correct_option_ids.includes(i) ? "✓ " : mine.includes(i) ? "✗ " : "");
  const total = poll.total_voter_count || 0;
  const vote = (i) => {
    const chosen = mine.includes(i) ? mine.filter((x) => x !== i) : poll.allows_multiple_answers ? [...mine, i] : [i];
    return act("vote", { person: context.person, chat: context.chat, message_id: m.message_id, options: chosen });
  };
  return el("div", { class: "poll" },
    el("strong", {}, poll.question),
    el("small", {}, poll.is_closed ? "Final results" : kind),
    poll.options.map((option, i) => {
      const share = total ? Math.round((100 * option.voter_count) / total) : 0;
      return el("button", { class: `option${mine.includes(i) ? " chosen" : ""}`, type: "button", disabled: !open,
        "aria-pressed": String(mine.includes(i)), onclick: () => vote(i) },
      el("span", { class: "share" }, shown ? `${share} %` : ""), el("span", { class: "label" }, sign(i) + option.text),
      shown ? el("span", { class: "bar", style: `--share:${share}%` }) : null);
    }),
    quiz && shown && poll.explanation ? el("small", {}, `💡 ${poll.explanation}`) : null,
    el("small", {}, total === 1 ? "1 vote" : `${total} votes`));
}

async function act(path, wish) {
  try {
    return await control(path, wish);
  } catch (error) {
    toast(error.message);
    return null;
  }
}

const pressed = new Map(); // callback query → the button that waits for its answer
const early = new Map(); // callback query → its answer, heard before we heard which query our press made

export function answered(event) {
  const button = pressed.get(event.id);
  if (!button) {
    early.set(event.id, event);
    setTimeout(() => early.delete(event.id), 15000);
    return;
  }
  pressed.delete(event.id);
  button.classList.remove("waiting");
  if (event.text) (event.show_alert ? alertBox : toast)(event.text);
}

function inline(m, context) {
  const rows = m.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return el("div", { class: "keyboard" }, rows.map((row) => el("div", { class: "row" }, row.map((b) => {
    if (b.url) return el("a", { class: "key", href: /^https?:|^tg:/.test(b.url) ? b.url : null, target: "_blank", rel: "noopener" }, b.text);
    const button = el("button", { class: "key", type: "button", dataset: { data: b.callback_data ?? "" } }, b.text);
    button.addEventListener("click", async () => {
      if (b.callback_data == null) return;
      button.classList.add("waiting");
      const query = await act("tap", { person: context.person, chat: context.chat, message_id: m.message_id, data: b.callback_data });
      if (query) {
        pressed.set(query.id, button);
        if (early.has(query.id)) answered(early.get(query.id));
      } else button.classList.remove("waiting");
      setTimeout(() => button.classList.remove("waiting"), 15000);
    });
    return button;
  }))));
}

function quote(m, context) {
  const replied = m.reply_to_message;
  if (!replied || replied.forum_topic_created) return null;
  return el("button", { class: "quote", type: "button", style: `--colour:${inkOf(replied.from?.id ?? 0)}`,
    onclick: () => context.jump?.(replied.message_id) },
  el("b", {}, nameOf(replied.from)), el("span", {}, summary(replied).slice(0, 120)));
}

export function draw(m, context) {
  const service = serviceText(m);
  if (service) return el("div", { class: "service", dataset: { id: m.message_id } }, service);
  const own = m.from?.id === context.person && !m.sender_chat;
  const sender = m.sender_chat?.title ?? nameOf(m.from);
  const words = m.text ?? m.caption;
  const said = wordsOf(context.language);
  const marks = [m.edit_date ? said.edited : null, clockTime(m.date * 1000)].filter(Boolean).join(" · ");
  const bubble = el("div", { class: "bubble" },
    context.group && !own ? el("b", { class: "sender", style: `color:${inkOf(m.from?.id ?? 0)}` }, sender,
      m.sender_chat ? el("small", {}, " anonymous admin") : null) : null,
    m.forward_origin ? el("small", { class: "forwarded" }, said.forwarded) : null,
    quote(m, context),
    media(m),
    m.poll ? poll(m, context) : null,
    words ? el("div", { class: "words", dir: "auto" }, formatted(words, m.entities ?? m.caption_entities, context)) : null,
    m.reactions?.length ? el("div", { class: "reactions" }, m.reactions.map((r) => el("span", {}, r.emoji))) : null,
    el("small", { class: "when" }, marks));
  return el("article", { class: `message ${own ? "own" : "theirs"}`, tabindex: "-1", dataset: { id: m.message_id } },
    bubble, inline(m, context),
    el("button", { class: "answer", type: "button", tabindex: "-1", title: `${said.reply} · ${said.keys}`, "aria-label": said.reply,
      onclick: () => context.reply?.(m) }, icon("reply")));
}
