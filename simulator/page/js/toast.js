/** Short notices with a way back, and the question before something that cannot be taken back. */

import { button, el } from './dom.js';
import { t } from './i18n.js';

let shelf = null;

function shelve(node, seconds) {
  if (!shelf) {
    shelf = el('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
    document.body.append(shelf);
  }
  while (shelf.children.length > 1) shelf.firstElementChild.remove();
  shelf.append(node);
  setTimeout(() => node.remove(), seconds * 1000);
}

/** Shows a notice for some seconds; with `undo` it carries a button that takes the step back. */
export function toast(text, { undo = null, bad = false } = {}) {
  const node = el('div', { class: `toast${bad ? ' bad' : ''}` }, el('span', {}, text));
  if (undo)
    node.append(
      button(
        t('undo'),
        () => {
          node.remove();
          undo();
        },
        { class: 'button quiet' },
      ),
    );
  shelve(node, undo ? 8 : 4);
}

/** Runs a task; what goes wrong is said, not swallowed. Answers the task's value or null. */
export async function attempt(task) {
  try {
    return await task();
  } catch (error) {
    toast(error.message || String(error), { bad: true });
    return null;
  }
}

/** Asks before a step; answers true when the person means it. */
export function confirmed(question, yes, { danger = true } = {}) {
  return new Promise((resolve) => {
    const dialog = el(
      'dialog',
      { class: 'ask', 'aria-label': question },
      el('p', {}, question),
      el(
        'form',
        { method: 'dialog', class: 'row end' },
        el('button', { class: 'button quiet', value: 'no' }, t('cancel')),
        el('button', { class: `button ${danger ? 'danger' : 'primary'}`, value: 'yes' }, yes),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
