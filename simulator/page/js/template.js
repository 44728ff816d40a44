/** LINE's template messages, drawn as the Flex cards they look like. */

const text = (words, more = {}) => ({ type: 'text', text: words, wrap: true, ...more });
const link = (action) => ({ type: 'button', style: 'link', height: 'sm', action });

function picture(column, shape) {
  if (!column.thumbnailImageUrl) return undefined;
  return {
    type: 'image',
    url: column.thumbnailImageUrl,
    size: 'full',
    aspectRatio: shape.imageAspectRatio === 'square' ? '1:1' : '151:100',
    aspectMode: shape.imageSize === 'contain' ? 'fit' : 'cover',
    backgroundColor: column.imageBackgroundColor || '#FFFFFF',
    action: column.defaultAction,
  };
}

function card(column, shape) {
  const words = [
    column.title && text(column.title, { weight: 'bold', size: 'lg' }),
    text(column.text, { size: 'sm', color: '#555555' }),
  ];
  return {
    type: 'bubble',
    size: 'kilo',
    hero: picture(column, shape),
    body: {
      type: 'box',
      layout: 'vertical',
      spacing: 'sm',
      action: column.defaultAction,
      contents: words.filter(Boolean),
    },
    footer: { type: 'box', layout: 'vertical', contents: column.actions.map(link) },
    styles: { footer: { separator: true } },
  };
}

function confirm(template) {
  return {
    type: 'bubble',
    size: 'kilo',
    body: { type: 'box', layout: 'vertical', contents: [text(template.text)] },
    footer: { type: 'box', layout: 'horizontal', contents: template.actions.map(link) },
    styles: { footer: { separator: true } },
  };
}

function imageColumn(column) {
  const label = column.action.label && {
    type: 'box',
    layout: 'vertical',
    position: 'absolute',
    offsetBottom: '14px',
    offsetStart: '14px',
    offsetEnd: '14px',
    backgroundColor: '#00000080',
    cornerRadius: '20px',
    paddingAll: '6px',
    contents: [text(column.action.label, { color: '#FFFFFF', align: 'center', size: 'sm', wrap: false })],
  };
  const image = { type: 'image', url: column.imageUrl, size: 'full', aspectRatio: '1:1', aspectMode: 'cover' };
  const contents = [image, label].filter(Boolean);
  return {
    type: 'bubble',
    size: 'kilo',
    body: { type: 'box', layout: 'vertical', paddingAll: 'none', action: column.action, contents },
  };
}

/** The Flex container that looks like this template (buttons, confirm, carousel, image_carousel); null for others. */
export function templateAsFlex(template) {
  if (template.type === 'buttons') return card(template, template);
  if (template.type === 'confirm') return confirm(template);
  const each = { carousel: (column) => card(column, template), image_carousel: imageColumn }[template.type];
  return each ? { type: 'carousel', contents: template.columns.map(each) } : null;
}
