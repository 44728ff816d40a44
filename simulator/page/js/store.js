/** What the page knows of the simulator, and who wants to hear when it changes. */

import { chatPath, get, listen } from './api.js';

export const store = {
  bot: { name: '', webhook: '', picture: null },
  people: new Map(),
  total: 0,
  groups: new Map(),
  chats: new Map(),
  unread: new Map(),
  quota: { limit: null, used: 0 },
  settings: {},
  faults: [],
  owner: { start_over: false, links: [] },
  clock: { at: Date.now(), seen: performance.now(), offset: 0 },
  live: false,
};

const bus = new EventTarget();

/** Calls back with the event's detail for each of the kinds (separated by spaces). Answers a function that ends it. */
export function on(kinds, listener) {
  const heard = (event) => listener(event.detail, event.type);
  kinds.split(' ').forEach((kind) => bus.addEventListener(kind, heard));
  return () => kinds.split(' ').forEach((kind) => bus.removeEventListener(kind, heard));
}

/** Tells everyone who asked for this kind. */
export const tell = (kind, detail) => bus.dispatchEvent(new CustomEvent(kind, { detail }));

/** The simulator's time now, in milliseconds since 1970. */
export const now = () => store.clock.at + performance.now() - store.clock.seen;

/** Takes over a clock as the server tells it. */
export function setClock({ now: iso, offset_seconds: offset }) {
  store.clock = { at: Date.parse(iso), seen: performance.now(), offset: offset || 0 };
  tell('clock', store.clock);
}

/** Reads the whole state again and tells everyone. */
export async function refresh() {
  const state = await get('/state');
  store.bot = state.bot;
  store.people = new Map(state.people.map((person) => [person.id, person]));
  store.total = state.people_total ?? store.people.size;
  // Chats that are not open were counted by the simulator.
  state.people
    .filter((person) => person.unread && !store.chats.has(person.id))
    .forEach((person) => store.unread.set(`${person.id}/${person.id}`, person.unread));
  store.groups = new Map((state.groups || []).map((group) => [group.id, group]));
  store.quota = state.quota || store.quota;
  store.settings = state.settings || {};
  store.faults = state.faults || [];
  store.owner = state.owner || store.owner;
  setClock(state);
  tell('people');
  tell('quota', store.quota);
  tell('faults', store.faults);
  tell('settings', store.settings);
}

const early = new Map();

/** Reads a chat; `again` reads it even when it is known. What arrives while it is being read is not lost. */
export async function loadChat(chat, again = false) {
  if (store.chats.has(chat) && !again) return store.chats.get(chat);
  early.set(chat, early.get(chat) || []);
  const { messages } = await get(`${chatPath(chat)}/chat`);
  store.chats.set(chat, messages);
  (early.get(chat) || []).forEach((entry) => upsert(messages, entry));
  early.delete(chat);
  tell('chat', { chat });
  return messages;
}

function upsert(entries, entry) {
  const place = entries.findIndex((known) => known.id === entry.id);
  if (place < 0) entries.push(entry);
  else entries[place] = entry;
}

function keepEntry(chat, entry) {
  early.get(chat)?.push(entry);
  if (store.chats.has(chat)) upsert(store.chats.get(chat), entry);
}

/** Takes over what the server says of one person. */
export function keepPerson(person) {
  if (!store.people.has(person.id)) store.total += 1;
  store.people.set(person.id, person);
  tell('person', person);
}

const KEEPERS = {
  message: (event) => {
    keepEntry(event.chat, event.entry);
    tell('message', event);
  },
  person: (event) => keepPerson(event.person),
  gone: (event) => {
    if (store.people.delete(event.id)) store.total -= 1;
    store.groups.delete(event.id);
    store.chats.delete(event.id);
    tell('gone', event.id);
  },
  group: (event) => {
    const group = event.group || event;
    store.groups.set(group.id, group);
    tell('group', group);
  },
  clock: setClock,
  quota: (event) => {
    store.quota = { limit: event.limit, used: event.used };
    tell('quota', store.quota);
  },
  faults: (event) => {
    store.faults = event.faults;
    tell('faults', store.faults);
  },
  settings: (event) => {
    const { kind, settings, ...rest } = event;
    store.settings = settings || rest;
    tell('settings', store.settings);
  },
  traffic: (event) => tell('traffic', event.item),
  loading: (event) => tell('loading', event),
  reset: () => readAgain(),
};

/** After a break or a fresh start: the state and the open chats are read again, so nothing is missed. */
async function readAgain() {
  store.unread.clear();
  await refresh();
  await Promise.all([...store.chats.keys()].map((chat) => loadChat(chat, true).catch(() => store.chats.delete(chat))));
}

/** Follows the stream, and catches up after a break. */
export function follow() {
  let opened = false;
  listen(
    (event) => KEEPERS[event.kind]?.(event),
    async (live) => {
      store.live = live;
      tell('live', live);
      if (live && opened) await readAgain();
      opened = opened || live;
    },
  );
}
