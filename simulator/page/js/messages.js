/** Draws the content of one message, whatever its type; what the page does not know is shown by its name. */

import { el, icon, linked } from './dom.js';
import { drawFlex } from './flex.js';
import { t } from './i18n.js';
import { templateAsFlex } from './template.js';

const FACES = ['😊', '👍', '🙏', '🎉', '😂', '❤️', '🐻', '🐰', '😴', '🥳', '😮', '🙇'];

/** The words of a text with LINE's own emoji shown as one placeholder and mentions filled in. */
function words(message) {
  let text = message.text ?? '';
  if (message.type === 'textV2') {
    return text.replace(/\{\{|\}\}|\{(\w+)\}/g, (whole, key) => {
      const part = message.substitution?.[key];
      if (!key) return whole[0];
      return part?.type === 'mention' ? `@${part.mentionee?.userId ? t('someone') : t('everyone')}` : '🙂';
    });
  }
  [...(message.emojis || [])]
    .sort((a, b) => b.index - a.index)
    .forEach((emoji) => {
      text = `${text.slice(0, emoji.index)}🙂${text.slice(emoji.index + (emoji.length || 1))}`;
    });
  return text;
}

function photo(url, alt, className = 'photo') {
  const node = el('img', { class: className, src: url, alt, loading: 'lazy' });
  node.addEventListener('error', () => node.replaceWith(placeholder('image', t('imageMissing'), url)));
  return node;
}

function placeholder(sign, title, detail = '') {
  return el(
    'div',
    { class: 'bubble thing' },
    icon(sign),
    el('div', {}, el('b', {}, title), detail && el('small', {}, detail)),
  );
}

function sticker(message) {
  const number = Number(message.stickerId) || 0;
  return el(
    'div',
    { class: 'sticker', role: 'img', 'aria-label': `${t('sticker')} ${message.packageId}/${message.stickerId}` },
    el('span', {}, FACES[number % FACES.length]),
    el('small', {}, `${message.packageId}/${message.stickerId}`),
  );
}

function imagemap(message, context) {
  const { width, height } = message.baseSize;
  const percent = (part, whole) => `${(100 * part) / whole}%`;
  const areas = message.actions.map((action) =>
    el('button', {
      type: 'button',
      class: 'area',
      'aria-label': action.label || action.text || action.linkUri || t('button'),
      style: {
        left: percent(action.area.x, width),
        top: percent(action.area.y, height),
        width: percent(action.area.width, width),
        height: percent(action.area.height, height),
      },
      on: {
        click: () =>
          context.run?.(action.linkUri ? { type: 'uri', uri: action.linkUri } : { ...action, area: undefined }),
      },
    }),
  );
  const image = el('img', { src: `${message.baseUrl}/700`, alt: message.altText });
  image.addEventListener('error', () => image.replaceWith(el('span', { class: 'imagemap-alt' }, message.altText)));
  return el('div', { class: 'imagemap', style: { aspectRatio: `${width} / ${height}` } }, image, areas);
}

function flex(contents, message, context) {
  try {
    return el('div', { class: 'flex', role: 'group', 'aria-label': message.altText }, drawFlex(contents, context.run));
  } catch (error) {
    console.warn('This Flex message could not be drawn', error);
    return el('div', { class: 'bubble' }, message.altText || t('notDrawn'));
  }
}

function image(message, context) {
  const content = message.contentProvider || message;
  const own = message.content && `data:${message.contentType || 'image/png'};base64,${message.content}`;
  const url = own || content.previewImageUrl || content.originalContentUrl;
  if (!url) return placeholder('image', t('image'));
  if (own) return photo(own, t('image'));
  const open = () => context.browse(content.originalContentUrl || url);
  return el(
    'button',
    { type: 'button', class: 'plain', 'aria-label': t('image'), on: { click: open } },
    photo(url, t('image')),
  );
}

function video(message, context) {
  const url = message.originalContentUrl || message.contentProvider?.originalContentUrl;
  if (!url) return placeholder('image', t('video'));
  const preview = message.previewImageUrl ? photo(message.previewImageUrl, '') : icon('image');
  const play = () => {
    context.browse(url);
    if (message.trackingId) context.watched(message.trackingId);
  };
  return el(
    'button',
    { type: 'button', class: 'plain video', 'aria-label': t('playVideo'), on: { click: play } },
    preview,
  );
}

const DRAW = {
  text: (message, context) => el('div', { class: 'bubble' }, linked(words(message), context.browse)),
  sticker,
  image,
  video,
  imagemap,
  audio: (message) => placeholder('traffic', t('audio'), `${Math.round((message.duration || 0) / 1000)} s`),
  file: (message) => placeholder('open', message.fileName || t('file')),
  location: (message) =>
    placeholder('pin', message.title || t('location'), message.address || `${message.latitude}, ${message.longitude}`),
  coupon: (message) => placeholder('shield', t('coupon'), message.couponId),
  flex: (message, context) => flex(message.contents, message, context),
  template: (message, context) => flex(templateAsFlex(message.template), message, context),
};
DRAW.textV2 = DRAW.text;

/** The types that take the chat's whole width. */
export const isWide = (message) => ['flex', 'template', 'imagemap'].includes(message.type);

/** The message as an element. context: run(action) or null, browse(url), watched(trackingId). */
export function drawMessage(message, context) {
  const draw = DRAW[message.type];
  return draw ? draw(message, context) : placeholder('fault', message.type || '?', t('notDrawn'));
}

/** One line that stands for the message in lists. */
export function summary(entry) {
  if (!entry) return '';
  if (entry.unsent) return t('unsentShort');
  const message = entry.message || {};
  return message.text || message.altText || t(message.type === 'flex' ? 'card' : message.type || 'message');
}
