/** Sheets that slide up inside a phone: the in-app browser, the date picker, short menus. */

import { button, el, iconButton } from './dom.js';
import { t } from './i18n.js';
import { now } from './store.js';
import { bangkok, longDate } from './time.js';

const FOCUSABLE = 'button, [href], input, select, textarea, iframe, [tabindex="0"]';

function keepFocusInside(sheet, event) {
  const stops = [...sheet.querySelectorAll(FOCUSABLE)].filter((node) => !node.disabled && node.offsetParent !== null);
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement === edge) {
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0]).focus();
  }
}

/** The dark layer around a sheet: touching it or Escape closes, Tab stays inside. */
function veiled(sheet, close) {
  const veil = el('div', { class: 'veil' }, sheet);
  veil.addEventListener('click', (event) => {
    if (event.target === veil) close();
  });
  veil.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    }
    if (event.key === 'Tab') keepFocusInside(sheet, event);
  });
  return veil;
}

/**
 * Opens a sheet over a phone and answers a function that closes it. What lies under it can't be reached meanwhile;
 * Escape closes it and gives the focus back.
 */
export function openSheet(phone, title, body, { full = false, onClose = null, tools = [] } = {}) {
  phone.closeSheet?.();
  const before = document.activeElement;
  const close = () => {
    veil.remove();
    phone.screen.inert = false;
    phone.closeSheet = null;
    if (before?.isConnected) before.focus();
    onClose?.();
  };
  const head = el(
    'header',
    { class: 'sheet-head' },
    el('h3', {}, title),
    tools,
    iconButton('close', t('close'), () => close()),
  );
  const sheet = el(
    'section',
    { class: `sheet${full ? ' full' : ''}`, role: 'dialog', 'aria-modal': 'true', 'aria-label': title },
    head,
    body,
  );
  const veil = veiled(sheet, close);
  phone.root.append(veil);
  phone.screen.inert = true;
  phone.closeSheet = close;
  (sheet.querySelector('[autofocus]') || sheet.querySelector('.sheet-body button, .sheet-body input, button')).focus();
  return close;
}

/** A sheet of choices: [label, what to do, danger?]. */
export function openChoices(phone, title, choices) {
  const list = el('div', { class: 'sheet-body choices' });
  const close = openSheet(phone, title, list);
  list.append(
    ...choices.filter(Boolean).map(([label, act, danger]) =>
      button(
        label,
        () => {
          close();
          act();
        },
        {
          class: `button choice${danger ? ' danger-text' : ''}`,
        },
      ),
    ),
  );
  list.firstElementChild?.focus();
}

function realAddress(uri) {
  const url = new URL(uri, location.href);
  // LINE's own account-link dialog: the simulator answers it itself.
  if (url.hostname === 'access.line.me') return `${url.pathname}${url.search}`;
  return url.href;
}

/** The in-app browser LINE opens addresses in. */
export function openBrowser(phone, uri) {
  if (!/^https?:/i.test(uri)) {
    const words = /^tel:/i.test(uri) ? t('wouldCall', { number: uri.slice(4) }) : t('wouldOpen', { uri });
    openSheet(phone, t('leavesLine'), el('div', { class: 'sheet-body' }, el('p', {}, words)));
    return;
  }
  const address = realAddress(uri);
  const outside = el(
    'a',
    {
      class: 'icon-button',
      href: address,
      target: '_blank',
      rel: 'noopener',
      'aria-label': t('openInTab'),
      title: t('openInTab'),
    },
    '↗',
  );
  const { host, origin } = new URL(address, location.href);
  // A foreign page must not lead this whole page elsewhere; the simulator's own dialogs need no fence.
  const sandbox =
    origin === location.origin
      ? null
      : 'allow-forms allow-scripts allow-same-origin allow-popups allow-downloads allow-modals';
  const frame = el('iframe', { src: address, title: t('page'), sandbox });
  openSheet(phone, host, el('div', { class: 'sheet-body browser' }, frame), { full: true, tools: [outside] });
}

const INPUTS = { date: 'date', time: 'time', datetime: 'datetime-local' };
// LINE also accepts a lower-case t between date and time.
const asInput = (value) => (value ? value.replace('t', 'T') : '');

/** LINE begins with the present moment when the action names none. */
function present(mode) {
  const { iso } = bangkok(now());
  return { date: iso.slice(0, 10), time: iso.slice(11), datetime: iso }[mode];
}

/** LINE's date and time picker; answers {date|time|datetime: value}, or null when it was closed. */
export function pickDate(phone, action) {
  return new Promise((resolve) => {
    const input = el('input', {
      type: INPUTS[action.mode],
      min: asInput(action.min),
      max: asInput(action.max),
      value: asInput(action.initial) || present(action.mode),
      required: true,
      'aria-label': t('pick'),
      autofocus: true,
    });
    const words = el('output', { class: 'hint' });
    // The browser writes dates in its own language; the line below says the day as people in Bangkok write it.
    const spell = () => {
      words.textContent =
        action.mode !== 'time' && input.value ? longDate(`${input.value.slice(0, 10)}T12:00:00+07:00`) : '';
    };
    input.addEventListener('input', spell);
    spell();
    let picked = null;
    const form = el(
      'form',
      { class: 'sheet-body picker' },
      input,
      words,
      el('button', { class: 'button primary', type: 'submit' }, t('choose')),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      picked = { [action.mode]: input.value };
      close();
    });
    const close = openSheet(phone, action.label || t('pick'), form, { onClose: () => resolve(picked) });
  });
}
