/**
 * Draws Flex messages. The library draws; this module makes what it draws safe and alive:
 * every string is escaped before (the library writes raw HTML), each action becomes a numbered marker the library
 * carries through as a link, and the markers in its HTML become buttons that run the action of that number.
 */

import { render } from '/vendor/flex-render/dist/index.js';

import { el, iconButton } from './dom.js';
import { t } from './i18n.js';

const MARK = 'flex-action:';
const TEXT_PIXELS = { xxs: 11, xs: 13, sm: 14, md: 16, lg: 19, xl: 22, xxl: 29, '3xl': 35, '4xl': 48, '5xl': 74 };
// The library opens links by inline handlers, which the page's policy forbids; the markers replace them.
const INLINE = new RegExp(` onclick="window\\.open\\('${MARK}\\d+'\\)"`, 'g');
const LINE_HEIGHT = 1.4;
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escape = (text) => text.replace(/[&<>"']/g, (char) => ESCAPES[char]);
// Inside url(...) of a style these characters would end it.
const safeUrl = (url) =>
  escape(String(url).replace(/["'()\\\s;]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`));

function marked(action, actions) {
  actions.push(action);
  return { type: 'uri', uri: `${MARK}${actions.length - 1}`, label: escape(actionLabel(action)) };
}

/** LINE adds lineSpacing between lines; the library takes it for the height of the line itself. */
function withLineSpacing(component) {
  const spacing = /^([\d.]+)px$/.exec(component.lineSpacing || '');
  if (!('lineSpacing' in component)) return component;
  const pixels = TEXT_PIXELS[component.size || 'md'] || parseFloat(component.size) || TEXT_PIXELS.md;
  return {
    ...component,
    lineSpacing: spacing ? `${(pixels * LINE_HEIGHT + Number(spacing[1])).toFixed(1)}px` : undefined,
  };
}

/** A box of a given width keeps it; the library would let it grow with its neighbours. */
function withWidth(component) {
  return component.type === 'box' && component.width && component.flex === undefined
    ? { ...component, flex: 0 }
    : component;
}

/** The library forgets the action of a text made of spans: a box around it carries the action instead. */
function withSpanAction(component) {
  if (component.type !== 'text' || !component.contents?.length || !component.action) return component;
  const { action, margin, flex, ...text } = component;
  return { type: 'box', layout: 'vertical', margin, flex, action, contents: [text] };
}

/** A video is drawn as its preview picture; touching it opens the video. */
function withVideo(component) {
  if (component.type !== 'video') return component;
  const action = { type: 'uri', label: t('playVideo'), uri: component.url };
  return {
    type: 'image',
    url: component.previewUrl,
    size: 'full',
    aspectRatio: component.aspectRatio,
    aspectMode: 'cover',
    action,
  };
}

function prepared(value, actions) {
  if (typeof value === 'string') return escape(value);
  if (Array.isArray(value)) return value.map((item) => prepared(item, actions));
  if (value === null || typeof value !== 'object') return value;
  const component = withWidth(withLineSpacing(withSpanAction(withVideo(value))));
  return Object.fromEntries(
    Object.entries(component).map(([key, item]) => {
      if (key === 'action' && item?.type) return [key, marked(item, actions)];
      if (key === 'url' || key === 'iconUrl') return [key, safeUrl(item)];
      return [key, prepared(item, actions)];
    }),
  );
}

/** What a button of this action is called by a screen reader. */
export function actionLabel(action) {
  return action.label || action.displayText || action.text || action.uri || action.clipboardText || t('button');
}

function activate(node, action, run) {
  ['href', 'target'].forEach((name) => node.removeAttribute(name));
  node.setAttribute('tabindex', '0');
  // A button may hold no other button: a box with buttons inside is a group that can be pressed as well.
  node.setAttribute('role', node.querySelector(`[href^="${MARK}"], [role="button"]`) ? 'group' : 'button');
  node.setAttribute('aria-label', action.label || node.textContent.trim() || actionLabel(action));
  node.dataset.action = action.type;
  const press = (event) => {
    event.preventDefault();
    event.stopPropagation();
    run(action);
  };
  node.addEventListener('click', press);
  node.addEventListener('keydown', (event) => {
    if (event.target === node && (event.key === 'Enter' || event.key === ' ')) press(event);
  });
}

function sideways(card) {
  const slider = card.querySelector('.LySlider');
  if (!slider) return card;
  const move = (direction) => slider.scrollBy({ left: direction * slider.clientWidth * 0.75, behavior: 'smooth' });
  const back = iconButton('left', t('previousCard'), () => move(-1), { class: 'icon-button slide-button back' });
  const next = iconButton('right', t('nextCard'), () => move(1), { class: 'icon-button slide-button next' });
  const ends = () => {
    back.hidden = slider.scrollLeft < 4;
    next.hidden = slider.scrollLeft + slider.clientWidth > slider.scrollWidth - 4;
  };
  slider.addEventListener('scroll', ends, { passive: true });
  new ResizeObserver(ends).observe(slider);
  return el('div', { class: 'slides' }, card, back, next);
}

/** The Flex container as an element; `run(action)` is called for what is pressed, or nothing when `run` is null. */
export function drawFlex(contents, run) {
  const actions = [];
  const html = render(prepared(contents, actions)).replace(INLINE, '');
  // A parsed document runs no scripts and loads nothing until its nodes are moved to the page.
  const card = new DOMParser().parseFromString(html, 'text/html').body.firstElementChild;
  const live = [...card.querySelectorAll(`[href^="${MARK}"]`)];
  live.forEach((node) => {
    const action = actions[Number(node.getAttribute('href').slice(MARK.length))];
    if (run) activate(node, action, run);
    else ['href', 'target'].forEach((name) => node.removeAttribute(name));
  });
  return sideways(card);
}
