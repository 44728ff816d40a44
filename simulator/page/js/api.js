/** The simulator's control API: one call per function, errors as sentences, and the live stream. */

async function answer(response) {
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = { error: text.slice(0, 200) };
  }
  if (!response.ok) throw new Error(body?.error || `HTTP ${response.status}`);
  return body;
}

async function call(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers['content-type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  return answer(await fetch(`/_sim${path}`, options));
}

export const get = (path) => call('GET', path);
export const post = (path, body = {}) => call('POST', path, body);
export const patch = (path, body) => call('PATCH', path, body);
export const remove = (path) => call('DELETE', path);

/** The path of a chat: people's ids begin with U, those of groups and rooms with C and R. */
export const chatPath = (chat) => (chat.startsWith('U') ? `/people/${chat}` : `/groups/${chat}`);

/**
 * Listens to what happens. `onEvent(event)` gets each one; `onState(true|false)` tells whether the line stands.
 * The browser's EventSource gives up on some errors, so a closed one is opened again here.
 */
export function listen(onEvent, onState) {
  const source = new EventSource('/_sim/stream');
  source.onopen = () => onState(true);
  source.onmessage = (message) => onEvent(JSON.parse(message.data));
  source.onerror = () => {
    onState(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(onEvent, onState), 1500);
  };
}
