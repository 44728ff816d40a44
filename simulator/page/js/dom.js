/** Small helpers to build the page's elements without markup strings. */

const ICONS = {
  back: 'M15 4l-8 8 8 8',
  keyboard: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M18 10h.01M8 14h8',
  menu: 'M4 6h16M4 12h16M4 18h16',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  plus: 'M12 5v14M5 12h14',
  send: 'M4 12l16-8-6 17-3-7z',
  close: 'M6 6l12 12M18 6L6 18',
  open: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  left: 'M14 6l-6 6 6 6',
  right: 'M10 6l6 6-6 6',
  people:
    'M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.5a3.5 3.5 0 010 6.5M17.5 14.5c2.3.7 3.7 2.5 4 5.5',
  phone: 'M8 2.5h8a2 2 0 012 2v15a2 2 0 01-2 2H8a2 2 0 01-2-2v-15a2 2 0 012-2zM11 18.5h2',
  clock: 'M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5l3.5 2',
  fault: 'M12 3l9.5 17h-19zM12 9.5v5M12 17.5h.01',
  traffic: 'M7 4v16M7 4L3.5 8M7 4l3.5 4M17 20V4M17 20l-3.5-4M17 20l3.5-4',
  shield: 'M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4',
  sticker: 'M12 21a9 9 0 119-9c0 1-6 9-9 9zM8.5 10h.01M15 10h.01M8.5 14c1.8 1.7 4.5 1.7 6 0',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01',
  pin: 'M12 21c5-6 7-8.5 7-12a7 7 0 10-14 0c0 3.5 2 6 7 12zM12 11.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5z',
  computer: 'M3 5h18v11H3zM9 20h6M12 16v4',
};

function setProp(node, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === 'on') for (const [kind, listener] of Object.entries(value)) node.addEventListener(kind, listener);
  else if (name === 'class') node.className = value;
  else if (name === 'style') Object.assign(node.style, value);
  else if (name === 'dataset') Object.assign(node.dataset, value);
  else if (name === 'value' || name === 'checked') node[name] = value;
  else node.setAttribute(name, value === true ? '' : value);
}

/** An element with properties, listeners (`on`) and children; strings become text, empty children are left out. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(node, name, value);
  node.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ''),
  );
  return node;
}

/** A drawn sign, hidden from screen readers: what it means stands in the label of its button. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with a sign and a spoken label. */
export function iconButton(name, label, onClick, props = {}) {
  return el(
    'button',
    { type: 'button', class: 'icon-button', 'aria-label': label, title: label, ...props, on: { click: onClick } },
    icon(name),
  );
}

/** A plain button. */
export function button(label, onClick, props = {}) {
  return el('button', { type: 'button', class: 'button', ...props, on: { click: onClick } }, label);
}

/** A form field under its label; the label names the field for everyone. */
export function field(label, input, hint = '') {
  return el(
    'label',
    { class: 'field' },
    el('span', { class: 'field-label' }, label),
    input,
    hint && el('small', {}, hint),
  );
}

/** A drop-down from [value, label] pairs. */
export function select(options, value, onChange, props = {}) {
  const node = el(
    'select',
    { ...props, on: { change: () => onChange?.(node.value) } },
    options.map(([option, label]) => el('option', { value: option }, label)),
  );
  node.value = value;
  return node;
}

/** Text with its web addresses turned into buttons; `onOpen(url)` runs when one is pressed. */
export function linked(text, onOpen) {
  return String(text)
    .split(/(https?:\/\/[^\s]+)/g)
    .map((part, index) =>
      index % 2
        ? el(
            'a',
            {
              href: part,
              on: {
                click: (event) => {
                  event.preventDefault();
                  onOpen(part);
                },
              },
            },
            part,
          )
        : part,
    );
}

/** A round picture of a person: their image, or the first letter on a colour of their own. */
export function avatar(name, picture, size = '') {
  const hue = [...name].reduce((sum, char) => (sum * 131 + char.codePointAt(0) * 57) % 360, 40);
  const letter = [...name.replace(/^[เแโใไ]/, '')][0] || '?';
  if (picture) return el('img', { class: `avatar ${size}`, src: picture, alt: '' });
  return el(
    'span',
    { class: `avatar ${size}`, 'aria-hidden': 'true', style: { background: `hsl(${hue} 42% 46%)` } },
    letter,
  );
}

const STOPS = 'button, a[href], input, select, textarea, summary, [tabindex="0"]';
const nameOf = (node) => node.getAttribute('aria-label') || node.name || node.textContent;

/** Draws a part anew and puts the focus back on the element of the same name, else the same place. */
export function keepingFocus(root, draw) {
  const before = [...root.querySelectorAll(STOPS)];
  const place = before.indexOf(document.activeElement);
  const name = place < 0 ? '' : nameOf(before[place]);
  const caret = place < 0 ? null : before[place].selectionStart;
  draw();
  if (place < 0) return;
  const after = [...root.querySelectorAll(STOPS)];
  const held = after.find((node) => nameOf(node) === name) || after[Math.min(place, after.length - 1)];
  held?.focus({ preventScroll: true });
  if (typeof caret === 'number') held?.setSelectionRange?.(caret, caret);
}
