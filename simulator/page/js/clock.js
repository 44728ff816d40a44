/** The simulator's clock: what time it is in Bangkok, and moving it, shared with the bot. */

import { post } from './api.js';
import { button, el, field, keepingFocus } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { everythingOver, links } from './over.js';
import { now, on, setClock, store } from './store.js';
import { bangkok, clockTime, exactTime, fromBangkok, longDate, monthsLater } from './time.js';
import { attempt, toast } from './toast.js';

const HOUR = 3600;
const DAY = 24 * HOUR;
const QUARTER_SECONDS = 45;
const root = el('section', { class: 'panel clock-panel' });
const face = el('div', { class: 'clock-face', role: 'timer', 'aria-live': 'off' });
const mini = el('button', { type: 'button', class: 'mini-clock' });
let walk = null;

/** Moves the clock and says so; the notice carries the way back. */
async function move(body, undoable = true) {
  const before = new Date(now()).toISOString();
  const moved = await attempt(() => post('/clock', body));
  if (!moved) return;
  if (moved.now) setClock(moved);
  const undo = undoable ? () => move({ now: before }, false) : null;
  toast(t('clockAt', { date: longDate(now()), time: clockTime(now()) }), { undo });
}

/** A quarter in under a minute, day by day, so that everything due on the way comes due in its order. */
async function quarter() {
  const target = Date.parse(monthsLater(now(), 3));
  const days = Math.round((target - now()) / (DAY * 1000));
  walk = { done: 0, days };
  draw();
  while (walk && walk.done < walk.days) {
    const moved = await attempt(() => post('/clock', { advance_seconds: DAY }));
    if (!moved || !walk) break;
    if (moved.now) setClock(moved);
    walk.done += 1;
    drawWalk();
    await new Promise((resolve) => {
      setTimeout(resolve, (QUARTER_SECONDS * 1000) / walk.days);
    });
  }
  walk = null;
  draw();
  toast(t('clockAt', { date: longDate(now()), time: clockTime(now()) }));
}

function drawWalk() {
  const bar = root.querySelector('progress');
  if (bar) bar.value = walk.done;
}

function tick() {
  const moment = now();
  face.replaceChildren(el('b', {}, exactTime(moment)), el('span', {}, longDate(moment)));
  mini.replaceChildren(el('b', {}, clockTime(moment)), el('span', {}, longDate(moment)));
  mini.classList.toggle('moved', Math.abs(store.clock.offset) > 60);
  mini.setAttribute('aria-label', t('clockNow', { date: longDate(moment), time: clockTime(moment) }));
}

function steps() {
  return el(
    'div',
    { class: 'grid' },
    button(t('plusHour'), () => move({ advance_seconds: HOUR })),
    button(t('plusDay'), () => move({ advance_seconds: DAY })),
    button(t('theSecond'), () => move({ to: 'the-2nd' })),
    button(t('plusQuarter'), quarter),
  );
}

function walking() {
  return el(
    'div',
    { class: 'walk', role: 'group', 'aria-label': t('quarterRuns') },
    el('p', {}, t('quarterRuns')),
    el('progress', { max: walk.days, 'aria-label': t('quarterRuns') }),
    button(t('stop'), () => {
      walk = null;
      draw();
    }),
  );
}

function build() {
  const input = el('input', { type: 'datetime-local', name: 'moment', value: bangkok(now()).iso, required: true });
  const set = el(
    'form',
    { class: 'row' },
    field(t('setTo'), input),
    el('button', { class: 'button', type: 'submit' }, t('set')),
  );
  set.addEventListener('submit', (event) => {
    event.preventDefault();
    move({ now: fromBangkok(input.value) });
  });
  const moved = Math.abs(store.clock.offset) > 1;
  root.replaceChildren(
    el('header', { class: 'panel-head' }, el('h2', {}, t('clock'))),
    face,
    el('p', { class: 'hint' }, moved ? t('clockMoved') : t('clockReal')),
    walk ? walking() : steps(),
    set,
    button(t('backToNow'), () => move({ reset: true }), {
      class: 'button quiet',
      ...(moved ? {} : { disabled: true }),
    }),
    ...links('narrow-only'),
    ...(store.owner.start_over ? [button(t('reset'), everythingOver, { class: 'button quiet narrow-only' })] : []),
  );
  tick();
}

const draw = () => keepingFocus(root, build);

/** The panel, and the small clock of the page's head; `open` is called when that is pressed. */
export function startClock(open) {
  mini.addEventListener('click', open);
  // While a person types a moment, the clock must not wipe it.
  on('clock', () => {
    if (walk || document.activeElement?.name === 'moment') tick();
    else draw();
  });
  onLanguage(draw);
  setInterval(tick, 1000);
  draw();
  return { root, mini };
}
