/** Faults on demand and how webhooks are delivered. */

import { get, post, remove } from './api.js';
import { button, el, field, iconButton, keepingFocus, select } from './dom.js';
import { known, onLanguage, t } from './i18n.js';
import { on, store } from './store.js';
import { attempt, confirmed, toast } from './toast.js';

const KINDS = [
  'rate_429',
  'quota_429',
  'error_500_before',
  'error_500_after',
  'timeout_before',
  'timeout_after',
  'reset_before',
  'reset_after',
  'slow',
  'half_body',
  'html_body',
  'expired_token',
  'outage',
];
const PATHS = [
  '*',
  '/v2/bot/message/',
  '/v2/bot/message/reply',
  '/v2/bot/message/push',
  '/v2/bot/message/multicast',
  '/v2/bot/richmenu',
  '/v2/bot/user/',
  '/v2/bot/profile/',
];
const TIMED = ['slow', 'outage', 'timeout_before', 'timeout_after'];
const root = el('section', { class: 'panel faults-panel' });
const draft = { kind: 'rate_429', path: '*', times: '1', chance: '', seconds: '' };

const kindName = (kind) => (known(`fault_${kind}`) ? t(`fault_${kind}`) : kind);

async function reloadFaults() {
  const answer = await attempt(() => get('/faults'));
  if (answer) store.faults = Array.isArray(answer) ? answer : answer.faults || [];
  draw();
}

function asFault() {
  const fault = { kind: draft.kind, path: draft.path || '*' };
  if (draft.times) fault.times = Number(draft.times);
  if (draft.chance) fault.probability = Number(draft.chance) / 100;
  if (TIMED.includes(draft.kind) && draft.seconds) fault.seconds = Number(draft.seconds);
  return fault;
}

async function add() {
  // An outage holds for its time, however many calls come.
  if (draft.kind === 'outage' && !(await confirmed(t('askOutage'), t('start')))) return;
  const fault = asFault();
  if (draft.kind === 'outage') {
    delete fault.times;
    fault.seconds ||= 3600;
  }
  if ((await attempt(() => post('/faults', fault))) !== null) {
    toast(t('faultOn', { kind: kindName(fault.kind) }));
    await reloadFaults();
  }
}

async function drop(fault) {
  await attempt(() => remove(`/faults/${fault.id}`));
  await reloadFaults();
  const { id, ...again } = fault;
  toast(t('faultOff', { kind: kindName(fault.kind) }), {
    undo: async () => {
      await attempt(() => post('/faults', again));
      await reloadFaults();
    },
  });
}

async function dropAll() {
  await attempt(() => remove('/faults'));
  await reloadFaults();
}

function input(name, label, props, hint = '') {
  const node = el('input', { name, value: draft[name], ...props });
  node.addEventListener('input', () => {
    draft[name] = node.value;
  });
  return field(label, node, hint);
}

function form() {
  const kinds = select(
    KINDS.map((kind) => [kind, kindName(kind)]),
    draft.kind,
    (kind) => {
      draft.kind = kind;
      draw();
    },
    { name: 'kind' },
  );
  const node = el(
    'form',
    { class: 'stack', 'aria-label': t('addFault') },
    field(t('faultKind'), kinds),
    input('path', t('faultPath'), { list: 'fault-paths' }, t('faultPathHint')),
    el(
      'datalist',
      { id: 'fault-paths' },
      PATHS.map((path) => el('option', { value: path })),
    ),
    el(
      'div',
      { class: 'row even' },
      draft.kind !== 'outage' && input('times', t('faultTimes'), { type: 'number', min: 1 }),
      input('chance', t('faultChance'), { type: 'number', min: 1, max: 100, placeholder: '100' }),
      TIMED.includes(draft.kind) &&
        input('seconds', t('faultSeconds'), {
          type: 'number',
          min: 0,
          placeholder: draft.kind === 'outage' ? '3600' : '10',
        }),
    ),
    el('button', { type: 'submit', class: 'button primary' }, t('addFault')),
  );
  node.addEventListener('submit', (event) => {
    event.preventDefault();
    add();
  });
  return node;
}

function faultLine(fault) {
  const facts = [
    fault.path && fault.path !== '*' ? fault.path : t('everywhere'),
    fault.times ? t('timesLeft', { n: fault.times }) : '',
    fault.probability && fault.probability < 1 ? `${Math.round(fault.probability * 100)} %` : '',
    fault.seconds ? `${fault.seconds} s` : '',
  ];
  return el(
    'li',
    { class: 'fault', dataset: { kind: fault.kind } },
    el('span', {}, el('b', {}, kindName(fault.kind)), el('small', {}, facts.filter(Boolean).join(' · '))),
    iconButton('close', t('endFault', { kind: kindName(fault.kind) }), () => drop(fault)),
  );
}

async function set(name, value) {
  const before = store.settings[name];
  const saved = await attempt(() => post('/settings', { [name]: value }));
  if (saved === null) {
    draw();
    return;
  }
  store.settings = { ...store.settings, [name]: value };
  toast(t('saved'), {
    undo: async () => {
      await attempt(() => post('/settings', { [name]: before }));
      store.settings[name] = before;
      draw();
    },
  });
}

function checkbox(name) {
  const node = el('input', { type: 'checkbox', name, checked: Boolean(store.settings[name]) });
  node.addEventListener('change', () => set(name, node.checked));
  return el('label', { class: 'check' }, node, t(`set_${name}`));
}

function number(name, { scale = 1, ...props }, empty = null) {
  const value = store.settings[name];
  const node = el('input', {
    type: 'number',
    name,
    min: 0,
    value: value === null || value === undefined ? '' : value * scale,
    ...props,
  });
  node.addEventListener('change', () => set(name, node.value === '' ? empty : Number(node.value) / scale));
  return field(t(`set_${name}`), node);
}

function settings() {
  return el(
    'div',
    { class: 'stack' },
    checkbox('delivery_paused'),
    checkbox('redelivery'),
    checkbox('shuffle'),
    checkbox('standby'),
    checkbox('verified_account'),
    checkbox('rate_limits'),
    el(
      'div',
      { class: 'row even' },
      number('redelivery_after_seconds', {}, 0),
      number('duplicates', { scale: 100, max: 100 }, 0),
    ),
    el(
      'div',
      { class: 'row even' },
      number('deadline_seconds', { step: 0.1 }, 2),
      number('reply_token_seconds', {}, 60),
    ),
    number('quota_limit', { placeholder: t('noLimit') }),
  );
}

function build() {
  root.replaceChildren(
    el(
      'header',
      { class: 'panel-head' },
      el('h2', {}, t('faults')),
      store.faults.length ? button(t('endAll'), dropAll, { class: 'button quiet' }) : '',
    ),
    el('ul', { class: 'fault-list', 'aria-label': t('faults') }, store.faults.map(faultLine)),
    store.faults.length ? '' : el('p', { class: 'hint' }, t('noFaults')),
    form(),
    el('h2', { class: 'second' }, t('delivery')),
    el('p', { class: 'hint' }, t('deliveryHint')),
    settings(),
  );
}

const draw = () => keepingFocus(root, build);

/** The panel of faults and delivery. */
export function startFaults() {
  on('faults settings', draw);
  onLanguage(draw);
  draw();
  return root;
}
