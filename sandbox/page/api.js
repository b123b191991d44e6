// The control side of the local Telegram, and everything it has told us so far.

export async function control(path, wish) {
  const answer = await fetch(`/control/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wish),
  });
  const said = await answer.json();
  if (!said.ok) throw new Error(said.description);
  return said.result;
}

export async function look(path, query = {}) {
  const answer = await fetch(`/control/${path}?${new URLSearchParams(query)}`);
  const said = await answer.json();
  if (!said.ok) throw new Error(said.description);
  return said.result;
}

export const fileAddress = (id) => `/control/file/${encodeURIComponent(id)}`;

// What is known of the world. Views subscribe and draw themselves anew when something they show has changed.
export const world = {
  people: new Map(),
  bots: new Map(),
  chats: new Map(), // id → {info, messages: Map(id → message)}
  guide: { notes: [], clock: [] },
  clock: { now: 0, speed: 1, at: 0 },
  read: JSON.parse(sessionStorage.getItem("read") || "{}"), // "person:chat" → newest message read
  listeners: new Set(),

  now() {
    return this.clock.now + (performance.now() - this.clock.at) * this.clock.speed;
  },
  changed(what) {
    for (const listener of this.listeners) listener(what);
  },
  // The chats of a person, the latest first.
  chatsOf(person) {
    const mine = [...this.chats.values()].filter(({ info }) =>
      info.type === "private"
        ? info.person === person
        : info.members.some((m) => m.user.id === person && !["left", "kicked"].includes(m.status)) && !info.migrated_to);
    if (!mine.some(({ info }) => info.type === "private")) mine.push(this.privateOf(person));
    return mine.sort((a, b) => latest(b) - latest(a));
  },
  privateOf(person) {
    if (!this.chats.has(person)) {
      const bot = [...this.bots.keys()][0];
      this.chats.set(person, {
        info: { id: person, type: "private", person, bot, members: [], topics: [], pinned: [] },
        messages: new Map(),
      });
    }
    return this.chats.get(person);
  },
  title(chat) {
    const { info } = chat;
    if (info.type !== "private") return info.title;
    return this.bots.get(info.bot)?.first_name ?? "Bot";
  },
  unread(person, chat) {
    const read = this.read[`${person}:${chat.info.id}`] ?? 0;
    let count = 0;
    for (const m of chat.messages.values()) if (m.message_id > read && m.from?.id !== person) count += 1;
    return count;
  },
  markRead(person, chat) {
    const newest = Math.max(0, ...chat.messages.keys());
    const key = `${person}:${chat.info.id}`;
    if ((this.read[key] ?? 0) >= newest) return false;
    this.read[key] = newest;
    sessionStorage.setItem("read", JSON.stringify(this.read));
    return true;
  },
};

const latest = (chat) => Math.max(0, ...[...chat.messages.values()].map((m) => m.date));

export const nameOf = (user) => (user ? [user.first_name, user.last_name].filter(Boolean).join(" ") : "");

export async function load() {
  const state = await look("state");
  world.people.clear();
  world.chats.clear();
  for (const person of state.people) world.people.set(person.id, person);
  for (const bot of state.bots) world.bots.set(bot.id, bot);
  for (const info of state.chats) world.chats.set(info.id, { info, messages: new Map() });
  await Promise.all([...world.chats.values()].map(async (chat) => {
    for (const m of await look("transcript", { chat: chat.info.id })) chat.messages.set(m.message_id, m);
  }));
  world.guide = state.guide;
  setClock(state.clock);
  return state.event;
}

function setClock(clock) {
  world.clock = { now: Date.parse(clock.now), speed: clock.speed, at: performance.now() };
}

function chatOf(id) {
  return world.chats.get(id) ?? (world.people.has(id) ? world.privateOf(id) : null);
}

export function listen(after) {
  const source = new EventSource(`/control/events?after=${after}`);
  source.onmessage = (event) => {
    const found = JSON.parse(event.data);
    after = found.n ?? Number(event.lastEventId) ?? after;
    take(found);
  };
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => listen(after), 1000);
  };
}

function take(event) {
  const chat = event.chat != null ? chatOf(event.chat) : null;
  switch (event.kind) {
    case "message":
    case "edit":
    case "reaction":
    case "poll":
      if (chat && event.message) chat.messages.set(event.message.message_id, event.message);
      break;
    case "delete":
      for (const id of event.message_ids) chat?.messages.delete(id);
      break;
    case "chat":
      if (event.info) {
        const known = world.chats.get(event.info.id);
        if (known) known.info = event.info;
        else world.chats.set(event.info.id, { info: event.info, messages: new Map() });
      }
      break;
    case "member":
    case "topic":
      refreshChat(event.chat);
      break;
    case "person":
      world.people.set(event.user.id, { ...world.people.get(event.user.id), ...event.user });
      break;
    case "block":
      world.people.set(event.person, { ...world.people.get(event.person), blocked: event.blocked });
      break;
    case "clock":
      look("clock").then((clock) => { setClock(clock); world.changed({ kind: "clock" }); });
      break;
    case "guide":
      world.guide = event.guide;
      break;
  }
  world.changed(event);
}

async function refreshChat(id) {
  const state = await look("state");
  const info = state.chats.find((c) => c.id === id);
  if (!info) return;
  const known = world.chats.get(id);
  if (known) known.info = info;
  else world.chats.set(id, { info, messages: new Map() });
  world.changed({ kind: "chat", chat: id });
}
