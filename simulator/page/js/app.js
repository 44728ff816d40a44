/** Puts the page together: head, people, phones, tools; on a narrow page one of them at a time. */

import { post } from './api.js';
import { startClock } from './clock.js';
import { button, el, icon } from './dom.js';
import { startFaults } from './faults.js';
import { language, onLanguage, setLanguage, t } from './i18n.js';
import { everythingOver, links } from './over.js';
import { startPeople } from './people.js';
import { row, startPhones, switcher } from './phones.js';
import { follow, on, refresh, store } from './store.js';
import { attempt, confirmed } from './toast.js';
import { startTraffic } from './traffic.js';

const KEY = 'line-simulator.tool';
const VIEWS = [
  ['phones', 'phone'],
  ['people', 'people'],
  ['clock', 'clock'],
  ['faults', 'fault'],
  ['traffic', 'traffic'],
];
const TOOLS = ['clock', 'faults', 'traffic'];
const head = el('header', { class: 'page-head' });
const tabs = el('div', { class: 'tool-tabs', role: 'tablist' });
const below = el('nav', { class: 'views' });
const page = el('div', { class: 'page', dataset: { view: 'phones', tool: localStorage.getItem(KEY) || 'traffic' } });

function show(view) {
  page.dataset.view = view;
  if (TOOLS.includes(view)) {
    page.dataset.tool = view;
    localStorage.setItem(KEY, view);
  }
  drawTabs();
}

/** On a wide page the tools can be put away to make room for phones. */
function toggleTools() {
  page.classList.toggle('no-tools');
  drawHead();
}

async function startOver() {
  if (store.owner.start_over) {
    await everythingOver();
    return;
  }
  if (!(await confirmed(t('askReset'), t('reset')))) return;
  await attempt(() => post('/reset', { keep_people: true }));
}

let mini = null;

function drawHead() {
  const next = language() === 'th' ? 'en' : 'th';
  const languages = el(
    'button',
    {
      type: 'button',
      class: 'button quiet language',
      lang: next,
      on: { click: () => setLanguage(next) },
    },
    next === 'th' ? 'ไทย' : 'English',
  );
  const hidden = page.classList.contains('no-tools');
  head.replaceChildren(
    el(
      'div',
      { class: 'brand' },
      el('span', { class: 'logo', 'aria-hidden': 'true' }, el('i'), el('i')),
      el('h1', {}, t('title'), ' ', el('small', {}, store.bot.name)),
    ),
    el('span', { class: `line-state${store.live ? ' live' : ''}`, role: 'status' }, store.live ? t('live') : t('away')),
    mini,
    ...links('wide-only'),
    button(t('reset'), startOver, { class: 'button quiet wide-only' }),
    button(hidden ? t('showTools') : t('hideTools'), toggleTools, {
      class: 'button quiet wide-only',
      'aria-expanded': String(!hidden),
    }),
    languages,
  );
  document.title = `${store.bot.name} · ${t('title')}`;
}

function drawTabs() {
  tabs.setAttribute('aria-label', t('tools'));
  tabs.replaceChildren(
    ...TOOLS.map((tool) =>
      el(
        'button',
        {
          type: 'button',
          role: 'tab',
          id: `tab-${tool}`,
          'aria-selected': String(page.dataset.tool === tool),
          on: {
            click: () => {
              show(tool);
              tabs.querySelector(`#tab-${tool}`).focus();
            },
          },
        },
        t(tool),
      ),
    ),
  );
  below.setAttribute('aria-label', t('views'));
  below.replaceChildren(
    ...VIEWS.map(([view, sign]) =>
      el(
        'button',
        {
          type: 'button',
          'aria-current': page.dataset.view === view ? 'page' : null,
          on: {
            click: () => {
              show(view);
              below.querySelector('[aria-current]').focus();
            },
          },
        },
        icon(sign),
        el('span', {}, t(view)),
      ),
    ),
  );
}

function draw() {
  drawHead();
  drawTabs();
}

async function start() {
  document.body.append(page);
  const clock = startClock(() => {
    page.classList.remove('no-tools');
    show('clock');
  });
  mini = clock.mini;
  const tools = el('aside', { class: 'tools' }, tabs, clock.root, startFaults(), startTraffic());
  const stage = el('main', { class: 'stage' }, switcher, row);
  page.append(head, el('aside', { class: 'rail' }, startPeople()), stage, tools, below);
  draw();
  onLanguage(draw);
  on('live people', drawHead);
  await attempt(refresh);
  follow();
  await startPhones();
}

start();
