/** The people of the simulator: add, name, follow, block, vanish, put their phones on the table. */

import { patch, post, remove } from './api.js';
import { avatar, button, el, field, iconButton, keepingFocus, select } from './dom.js';
import { ask, LANGUAGES, renamePerson } from './forms.js';
import { addGroup, groupLine } from './groups.js';
import { language, onLanguage, t } from './i18n.js';
import { closePhone, isOpen, openPhone, unreadOf } from './phones.js';
import { keepPerson, on, store } from './store.js';
import { attempt, confirmed } from './toast.js';

const SHOWN = 100;
const FEW = 8;
const NAMES = {
  th: ['สมหญิง', 'สมชาย', 'มาลี', 'ปิติ', 'ชูใจ', 'วีระ'],
  en: ['Malee', 'Somchai', 'Anna', 'Ben', 'Chloe', 'Dan'],
};
const root = el('section', { class: 'people' });
let search = '';

/** The next sample name nobody bears yet. */
function freeName() {
  const taken = new Set([...store.people.values()].map((person) => person.name));
  const names = NAMES[language()];
  return names.find((name) => !taken.has(name)) || `${names[0]} ${store.people.size + 1}`;
}

function addPerson() {
  const name = el('input', { name: 'name', required: true, maxlength: 60, value: freeName() });
  const follows = el('input', { type: 'checkbox', name: 'follow', checked: true });
  ask(
    t('addPerson'),
    [
      field(t('name'), name),
      field(t('personLanguage'), select(LANGUAGES, language(), null, { name: 'language' })),
      el('label', { class: 'check' }, follows, t('followAtOnce', { bot: store.bot.name })),
    ],
    t('add'),
    async (data) => {
      const person = await attempt(() =>
        post('/people', { name: data.get('name').trim(), language: data.get('language') }),
      );
      if (!person) return;
      keepPerson(person);
      await openPhone(person.id);
      if (data.get('follow')) await attempt(() => post(`/people/${person.id}/follow`));
    },
  );
  name.select();
}

async function removePerson({ id, name }) {
  if (await confirmed(t('askRemove', { name }), t('remove'))) await attempt(() => remove(`/people/${id}`));
}

async function setGone(person, gone) {
  if (gone && !(await confirmed(t('askGone', { name: person.name }), t('vanish')))) return;
  const changed = await attempt(() => patch(`/people/${person.id}`, { gone }));
  if (changed?.id) keepPerson(changed);
}

async function step(person, path) {
  if (path === 'block' && !(await confirmed(t('askBlock', { name: person.name, bot: store.bot.name }), t('block'))))
    return;
  await attempt(() => post(`/people/${person.id}/${path}`));
}

const standing = (person) =>
  t(person.gone ? 'isGone' : person.blocked ? 'hasBlocked' : person.friend ? 'isFriend' : 'isStranger');

function personTools(person) {
  const follow = person.blocked ? 'unblock' : person.friend ? 'block' : 'follow';
  return el(
    'details',
    { class: 'more' },
    el('summary', { 'aria-label': t('toolsOf', { name: person.name }) }, '⋯'),
    el(
      'div',
      { class: 'more-list' },
      button(t(follow === 'follow' ? 'addFriend' : follow), () => step(person, follow)),
      button(t('renameShort'), () => renamePerson(person)),
      button(t(person.gone ? 'comeBack' : 'vanish'), () => setGone(person, !person.gone)),
      button(t('remove'), () => removePerson(person), { class: 'button danger-text' }),
    ),
  );
}

function personLine(person) {
  const open = isOpen(person.id);
  const unread = unreadOf(person.id);
  const toggle = el(
    'button',
    {
      type: 'button',
      class: 'person-main',
      'aria-pressed': String(open),
      title: t(open ? 'putAway' : 'takePhone'),
      on: { click: () => (open ? closePhone(person.id) : openPhone(person.id)) },
    },
    el(
      'span',
      { class: 'face' },
      avatar(person.name, person.picture),
      unread ? el('b', { class: 'badge' }, String(unread)) : null,
    ),
    el('span', { class: 'person-text' }, el('b', {}, person.name), el('small', {}, standing(person))),
  );
  return el(
    'li',
    { class: `person${open ? ' open' : ''}`, dataset: { person: person.id } },
    toggle,
    personTools(person),
  );
}

function build() {
  const opened = root.querySelector('details[open]')?.closest('li').dataset;
  const people = [...store.people.values()]
    .filter((person) => person.name.toLowerCase().includes(search))
    .slice(0, SHOWN);
  const find = el('input', {
    type: 'search',
    value: search,
    'aria-label': t('findPerson'),
    placeholder: t('findPerson'),
  });
  find.addEventListener('input', () => {
    search = find.value.toLowerCase();
    draw();
  });
  root.replaceChildren(
    el(
      'header',
      { class: 'panel-head' },
      el('h2', {}, t('people')),
      iconButton('plus', t('addPerson'), addPerson, { class: 'icon-button add' }),
    ),
    store.people.size > FEW ? find : '',
    store.people.size
      ? el('ul', { class: 'people-list' }, people.map(personLine))
      : button(t('addFirst'), addPerson, { class: 'button primary' }),
    store.total > people.length && !search
      ? el('p', { class: 'hint' }, t('morePeople', { n: store.total - people.length }))
      : '',
    el(
      'header',
      { class: 'panel-head' },
      el('h2', {}, t('groups')),
      iconButton('plus', t('addGroup'), () => addGroup(isOpen), { class: 'icon-button add' }),
    ),
    el('ul', { class: 'people-list' }, [...store.groups.values()].map(groupLine)),
  );
  const again = [...root.querySelectorAll('li')].find(
    (line) => opened && line.dataset.person === opened.person && line.dataset.group === opened.group,
  );
  again?.querySelector('details').setAttribute('open', '');
}

const draw = () => keepingFocus(root, build);

let planned = false;

/** Many people may change at once: the list is drawn once for all of them. */
function soon() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    draw();
  });
}

/** The panel of people and groups. */
export function startPeople() {
  on('people person gone group phones unread', soon);
  onLanguage(soon);
  draw();
  return root;
}
