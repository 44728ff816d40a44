/** The row of phones: who is shown, the switcher on a narrow page, and news brought to each phone. */

import { post } from './api.js';
import { avatar, el, keepingFocus } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { Phone } from './phone.js';
import { loadChat, on, store, tell } from './store.js';

const KEY = 'line-simulator.phones';
const FIRST = 2;
const phones = new Map();
const row = el('div', { class: 'phones' });
const switcher = el('div', { class: 'switcher', role: 'tablist' });
let shown = null;

function remember() {
  localStorage.setItem(KEY, JSON.stringify([...phones.keys()]));
}

/** Whether this person's phone lies on the table. */
export const isOpen = (person) => phones.has(person);

/** Puts a person's phone on the table and, on a narrow page, shows it. */
export async function openPhone(person) {
  if (!phones.has(person)) {
    const phone = new Phone(person, () => closePhone(person));
    phones.set(person, phone);
    row.append(phone.root);
    await phone.start();
    remember();
  }
  showPhone(person);
  tell('phones');
}

/** Takes a phone off the table; its person and chat stay. */
export function closePhone(person) {
  // What was on the screen was read; the simulator begins to count anew.
  if (store.people.has(person)) post(`/people/${person}/read`).catch(() => null);
  store.chats.delete(person);
  phones.get(person)?.root.remove();
  phones.delete(person);
  if (shown === person) shown = [...phones.keys()].at(-1) ?? null;
  remember();
  drawSwitcher();
  tell('phones');
}

/** Brings a phone into view. */
export function showPhone(person) {
  shown = person;
  const phone = phones.get(person);
  store.unread.delete(`${person}/${phone.chatId}`);
  drawSwitcher();
  phone.drawFrame();
  phone.root.scrollIntoView({ block: 'nearest', inline: 'center' });
  phone.chat.toEnd();
  tell('unread');
}

/** How many messages of all their chats a person has not seen. */
export const unreadOf = (person) =>
  [...store.unread].filter(([key]) => key.startsWith(`${person}/`)).reduce((sum, [, count]) => sum + count, 0);

function drawSwitcher() {
  phones.forEach((phone, person) => phone.root.classList.toggle('shown', person === shown));
  row.classList.toggle('empty', !phones.size);
  row.dataset.hint = t(store.people.size ? 'noPhones' : 'noPeople');
  switcher.setAttribute('aria-label', t('phones'));
  keepingFocus(switcher, () =>
    switcher.replaceChildren(
      ...[...phones.keys()]
        .filter((id) => store.people.has(id))
        .map((id) => {
          const { name, picture } = store.people.get(id);
          const unread = unreadOf(id);
          return el(
            'button',
            {
              type: 'button',
              role: 'tab',
              class: 'switch',
              'aria-selected': String(id === shown),
              on: { click: () => showPhone(id) },
            },
            avatar(name, picture, 'tiny'),
            el('span', {}, name),
            unread ? el('b', { class: 'badge' }, String(unread)) : null,
          );
        }),
    ),
  );
}

/** A phone on the screen: all of them on a wide page, the chosen one on a narrow one. */
const visible = (phone) => phone.root.offsetParent !== null && !phone.listing;

function hear({ chat, entry }) {
  const readers = store.people.has(chat) ? [chat] : store.groups.get(chat)?.members || [];
  readers.forEach((person) => {
    const phone = phones.get(person);
    const here = phone?.chatId === chat;
    if (here) {
      phone.bar.drawQuick();
      phone.chat.add(entry);
    }
    if (
      entry.sender !== person &&
      entry.from !== 'system' &&
      !entry.unsent &&
      !entry.edited &&
      !(here && visible(phone))
    ) {
      const key = `${person}/${chat}`;
      store.unread.set(key, (store.unread.get(key) || 0) + 1);
      phone?.drawFrame();
    } else if (phone?.listing) phone.drawFrame();
  });
  tell('unread');
}

function redraw() {
  phones.forEach((phone, person) => (store.people.has(person) ? phone.draw() : closePhone(person)));
  drawSwitcher();
}

function personChanged(person) {
  const phone = phones.get(person.id);
  if (!phone) return;
  phone.drawFrame();
  phone.bar.draw();
  drawSwitcher();
}

/** Opens the phones that lay there last time, else the first two people's, and listens for news. */
export async function startPhones() {
  on('message', hear);
  on('person', personChanged);
  on('gone', (id) => {
    if (phones.has(id)) closePhone(id);
    redraw();
  });
  on('chat', ({ chat }) =>
    phones.forEach((phone) => {
      if (phone.chatId === chat) phone.draw();
    }),
  );
  on('loading', ({ chat, seconds }) =>
    phones.forEach((phone) => {
      if (phone.chatId === chat) phone.chat.startDots(seconds);
    }),
  );
  on('people', redraw);
  on('group', () => phones.forEach((phone) => phone.drawFrame()));
  on('unread', drawSwitcher);
  on('group', (group) => loadChat(group.id).catch(() => null));
  onLanguage(redraw);
  const kept = JSON.parse(localStorage.getItem(KEY) || '[]').filter((id) => store.people.has(id));
  const first = kept.length ? kept : [...store.people.keys()].slice(0, FIRST);
  for (const person of first) await openPhone(person);
  if (first.length) showPhone(first[0]);
  drawSwitcher();
}

export { row, switcher };
