/** A rich menu: its picture with the areas laid over it in percent, each a button with its label. */

import { el } from './dom.js';
import { t } from './i18n.js';
import { actionLabel } from './flex.js';

const percent = (part, whole) => `${((100 * part) / whole).toFixed(4)}%`;

function area({ bounds, action }, size, run) {
  return el('button', {
    type: 'button',
    class: 'area',
    'aria-label': actionLabel(action),
    title: action.label || null,
    dataset: { action: action.type },
    style: {
      left: percent(bounds.x, size.width),
      top: percent(bounds.y, size.height),
      width: percent(bounds.width, size.width),
      height: percent(bounds.height, size.height),
    },
    on: { click: () => run(action) },
  });
}

/** The menu as an element; `run(action)` is called for the area pressed. */
export function drawMenu(menu, run) {
  const image = el('img', { src: menu.image, alt: '' });
  return el(
    'div',
    {
      class: 'rich-menu',
      role: 'group',
      'aria-label': t('richMenu', { name: menu.chatBarText }),
      dataset: { menu: menu.richMenuId },
      style: { aspectRatio: `${menu.size.width} / ${menu.size.height}` },
    },
    image,
    menu.areas.map((item) => area(item, menu.size, run)),
  );
}

/** The area under the middle of another one: after a tab switch the finger (and the focus) rests there. */
export function areaAt(root, rectangle) {
  const x = rectangle.left + rectangle.width / 2;
  const y = rectangle.top + rectangle.height / 2;
  return [...root.querySelectorAll('.area')].find((node) => {
    const box = node.getBoundingClientRect();
    return box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
  });
}
