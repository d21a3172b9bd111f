/** What went wrong and what to do about it, in words for the person at the page. */

/** An error that is shown as it is. */
export class Problem extends Error {
  /**
   * @param {string} title what happened
   * @param {string} advice what to do
   */
  constructor(title, advice) {
    super(title);
    this.advice = advice;
  }
}

const sentence = (text) => (text ? `${text.replace(/[.\s]+$/, '')}. ` : '');

/** @returns {Problem} for a page that may not use a microphone at all */
export function insecureProblem() {
  return new Problem(
    'This page may not use the microphone',
    'Browsers give it only to pages from https:// or from localhost. Serve this page with TLS, '
      + 'or reach the server as http://localhost, for instance through an SSH tunnel.',
  );
}

/**
 * @param {{name?: string, message?: string}} error of getUserMedia
 * @returns {Problem}
 */
export function microphoneProblem(error) {
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new Problem(
        'The microphone was not allowed',
        'Allow it in the site settings, beside the address of this page, then press Start again. '
          + 'If it stays blocked, look at the privacy settings of the system.',
      );
    case 'NotFoundError':
      return new Problem('No microphone was found', 'Connect one, then press Start again.');
    case 'OverconstrainedError':
      return new Problem(
        'The chosen microphone is not there any more',
        'Connect it again or choose another one, then press Start.',
      );
    case 'NotReadableError':
    case 'AbortError':
      return new Problem(
        'The microphone cannot be opened',
        'Close other programs that use it, then press Start again.',
      );
    default:
      return new Problem('The microphone cannot be opened', sentence(error.message) + 'Try again.');
  }
}

/** @param {'malformed' | 'scheme' | 'mixed'} fault @returns {Problem} */
export function addressProblem(fault) {
  if (fault === 'mixed') {
    return new Problem(
      'A page from https cannot use a ws:// address',
      'Use a wss:// address: the server needs TLS, or a proxy with TLS in front of it.',
    );
  }
  return new Problem(
    'The server address cannot be used',
    'Write it as ws://host:port/ws, or wss://host/ws for a server with TLS.',
  );
}

/**
 * @param {string} host of the server
 * @param {'alive' | 'silent'} health whether the server answers plain requests
 * @returns {Problem} for a WebSocket that did not open
 */
export function unreachableProblem(host, health) {
  if (health === 'alive') {
    return new Problem(
      `${host} is running but did not accept the connection`,
      'It may want an access token, be full, or not accept pages from here. Check the token and '
        + 'the path of the address, then try again.',
    );
  }
  return new Problem(
    `${host} cannot be reached`,
    'Check that the server is running, that address and port are right, and that no firewall is '
      + 'in between. Then press Start again.',
  );
}

/**
 * @param {{message: string, code: number | null, retry_after_s: number | null}} refusal
 * @returns {Problem}
 */
export function refusedProblem({ message, code, retry_after_s }) {
  const wait = retry_after_s === null
    ? 'Try again a little later.'
    : `Try again in ${Math.ceil(retry_after_s)} s.`;
  const said = sentence(message);
  switch (code) {
    case 401:
    case 403:
      return new Problem(
        'The server did not accept the access token',
        `${said}Enter a valid token under "Server" and press Start again.`,
      );
    case 429:
      return new Problem('Too many attempts from here', said + wait);
    case 503:
      return new Problem('The server is full or going down', said + wait);
    case 400:
    case 413:
    case 422:
      return new Problem(
        "The server cannot use this browser's offer",
        `${said}Try a current Chrome, Edge, Firefox or Safari.`,
      );
    default:
      return new Problem('The server refused the session', `${said}See the log of the server.`);
  }
}

/** @returns {Problem} for a server that took the offer but did not answer it */
export function unansweredProblem() {
  return new Problem(
    'The server did not answer the offer',
    'It may be overloaded, or something else listens at this address. Press Start to try again.',
  );
}

/** @returns {Problem} for audio that never flowed */
export function noMediaProblem() {
  return new Problem(
    'The server answered, but no audio can get through',
    'The UDP port of the server must be open to here, and the server must announce an address '
      + 'that can be reached from here. A VPN or a firewall may also block UDP.',
  );
}

/** @returns {Problem} for a connection that did not come back */
export function lostProblem() {
  return new Problem(
    'The connection was lost',
    'One attempt to restore it did not help. Check the network, then press Start again.',
  );
}

/** @param {string} reason empty if the server gave none @returns {Problem} */
export function closedProblem(reason) {
  return new Problem(
    'The server ended the session',
    `${reason ? `Reason: ${sentence(reason)}` : 'It gave no reason. '}`
      + 'Press Start to begin a new one.',
  );
}

/** @returns {Problem} for a microphone that went away during a session */
export function unpluggedProblem() {
  return new Problem(
    'The microphone was disconnected',
    'The server hears silence now. Choose another microphone, or connect it and choose it again.',
  );
}
