/** Everything that went over the wire: each webhook to the bot and each call of the bot, with what it cost. */

import { get, remove } from './api.js';
import { button, el, select } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { on, store } from './store.js';
import { exactTime } from './time.js';
import { attempt, confirmed } from './toast.js';

const KEPT = 400;
const root = el('section', { class: 'panel traffic-panel' });
const list = el('ol', { class: 'traffic', tabindex: '0' });
const meter = el('div', { class: 'quota' });
const filter = { words: '', direction: 'all' };
let items = [];
let waiting = [];

const isBad = (item) => !item.status || item.status >= 400;

function passes(item) {
  const { words, direction } = filter;
  if (direction === 'bad' ? !isBad(item) : direction !== 'all' && item.direction !== direction) return false;
  if (!words) return true;
  const text = `${item.method} ${item.path} ${item.status} ${item.note || ''} ${item.request_id || ''} ${JSON.stringify(item.request ?? '')}`;
  return text.toLowerCase().includes(words);
}

const pretty = (body) => (typeof body === 'string' ? body : JSON.stringify(body, null, 2));

function part(label, body) {
  if (body === null || body === undefined || body === '') return '';
  return el('div', {}, el('h4', {}, label), el('pre', { tabindex: '0' }, pretty(body)));
}

function detail(item) {
  return el(
    'div',
    { class: 'traffic-body' },
    item.note && el('p', { class: 'hint' }, item.note),
    item.request_id && el('p', { class: 'hint' }, `x-line-request-id: ${item.request_id}`),
    part(t('request'), item.request),
    part(t('answer'), item.response),
  );
}

/** What kind of webhook it was: the types of its events and whose they are, which says more than an address. */
function eventTypes(item) {
  const events = item.direction === 'out' ? item.request?.events : null;
  if (!Array.isArray(events)) return '';
  const words = events
    .slice(0, 3)
    .map((event) => [event.type, store.people.get(event.source?.userId)?.name].filter(Boolean).join(' · '));
  return words.join(', ') || t('noEvents');
}

function line(item) {
  const events = eventTypes(item);
  const summary = el(
    'summary',
    {},
    el(
      'span',
      { class: `way ${item.direction}`, title: t(`way_${item.direction}`), 'aria-label': t(`way_${item.direction}`) },
      item.direction === 'out' ? '→' : '←',
    ),
    el(
      'span',
      { class: 'what' },
      el('b', {}, events || item.path.replace('/v2/bot', '')),
      el('small', {}, `${item.method} · ${exactTime(item.at)} · ${Math.round(item.ms ?? 0)} ms`),
    ),
    item.quota ? el('span', { class: 'cost', title: t('costs', { n: item.quota }) }, `−${item.quota}`) : null,
    el('span', { class: `status${isBad(item) ? ' bad' : ''}` }, String(item.status || '—')),
  );
  const node = el('details', { class: 'traffic-item' }, summary);
  // Bodies are drawn only when somebody looks: there may be hundreds.
  node.addEventListener('toggle', () => {
    if (node.open && node.children.length === 1) node.append(detail(item));
  });
  return el('li', { dataset: { n: item.n } }, node);
}

function flush() {
  const fresh = waiting;
  waiting = [];
  items = [...items, ...fresh].slice(-KEPT);
  list.querySelector('.empty')?.remove();
  list.prepend(...fresh.filter(passes).slice(-KEPT).reverse().map(line));
  while (list.children.length > KEPT) list.lastElementChild.remove();
  showEmpty();
}

function showEmpty() {
  if (!list.children.length) list.append(el('li', { class: 'hint empty' }, t('noTraffic')));
}

/** Hundreds may come in a second: they are drawn together, frame by frame. */
function add(item) {
  if (!waiting.length) requestAnimationFrame(flush);
  waiting.push(item);
}

function drawList() {
  list.setAttribute('aria-label', t('traffic'));
  list.replaceChildren(...items.filter(passes).reverse().map(line));
  showEmpty();
}

function drawQuota() {
  const { limit, used } = store.quota;
  const words = limit === null ? t('quotaOpen', { used }) : t('quotaUsed', { used, limit });
  meter.replaceChildren(
    el('span', {}, words),
    limit === null ? '' : el('meter', { min: 0, max: limit || 1, value: used, high: limit * 0.9, 'aria-label': words }),
  );
}

async function clear() {
  if (!(await confirmed(t('askClear'), t('clear')))) return;
  if (await attempt(() => remove('/traffic').then(() => true))) items = [];
  drawList();
}

function draw() {
  const words = el('input', {
    type: 'search',
    placeholder: t('filter'),
    'aria-label': t('filter'),
    value: filter.words,
  });
  words.addEventListener('input', () => {
    filter.words = words.value.toLowerCase();
    drawList();
  });
  const ways = [
    ['all', t('all')],
    ['in', t('way_in')],
    ['out', t('way_out')],
    ['bad', t('onlyBad')],
  ];
  const direction = select(
    ways,
    filter.direction,
    (value) => {
      filter.direction = value;
      drawList();
    },
    { 'aria-label': t('which') },
  );
  root.replaceChildren(
    el(
      'header',
      { class: 'panel-head' },
      el('h2', {}, t('traffic')),
      el('a', { class: 'button quiet', href: '/_sim/traffic.json', download: 'line-traffic.json' }, t('save')),
      button(t('clear'), clear, { class: 'button quiet' }),
    ),
    meter,
    el('div', { class: 'row filters' }, words, direction),
    list,
  );
  drawQuota();
  drawList();
}

async function load() {
  const answer = await attempt(() => get(`/traffic?limit=${KEPT}`));
  if (answer) items = answer.items;
  drawList();
}

/** The panel of traffic. */
export function startTraffic() {
  on('traffic', add);
  on('quota', drawQuota);
  on('people', load);
  onLanguage(draw);
  draw();
  return root;
}
