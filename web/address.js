/** The address of the server. */

/**
 * @param {{protocol: string, host: string}} location of the page
 * @returns {string} the WebSocket of the server that the page came from
 */
export function defaultAddress(location) {
  if (location.protocol === 'https:') return `wss://${location.host}/ws`;
  return `ws://${location.protocol === 'http:' ? location.host : 'localhost:8080'}/ws`;
}

/**
 * @param {string} text
 * @param {{protocol: string}} location of the page
 * @returns {{url: URL} | {fault: 'malformed' | 'scheme' | 'mixed'}} `mixed` is a page that came by
 *   https and asks for an unprotected WebSocket, which browsers refuse
 */
export function checkAddress(text, location) {
  let url;
  try {
    url = new URL(text.trim());
  } catch {
    return { fault: 'malformed' };
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') return { fault: 'scheme' };
  if (!url.hostname) return { fault: 'malformed' };
  if (location.protocol === 'https:' && url.protocol === 'ws:' && !isLoopback(url.hostname)) {
    return { fault: 'mixed' };
  }
  url.hash = '';
  return { url };
}

/**
 * @param {string} hostname
 * @returns {boolean}
 */
export function isLoopback(hostname) {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/**
 * Whether a link may start the microphone towards this address without a click: only where the
 * page itself came from, so that no link can send a microphone elsewhere.
 *
 * @param {string} text
 * @param {{protocol: string, hostname: string}} location of the page
 * @returns {boolean}
 */
export function isOwnServer(text, location) {
  const checked = checkAddress(text, location);
  if ('fault' in checked) return false;
  const { hostname } = checked.url;
  return hostname === location.hostname || (isLoopback(hostname) && isLoopback(location.hostname));
}
